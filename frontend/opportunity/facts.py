"""What was seen of a request and its customer at one moment, as label and text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from frontend.opportunity import customer_facts, money, words
from frontend.opportunity.kinds import table
from frontend.opportunity.kinds.definitions import Kinds
from frontend.opportunity.views import CustomerProfile, FlagGround, Rate, Stage
from frontend.ui import customer_words, formats, profile_words
from frontend.ui.i18n import current_locale, gettext
from frontend.ui.views import View


class CustomerSeen(CustomerProfile):
    assigned_sales_name: str | None = None
    birth_date: str | None = None
    profile_complete: bool = False


class FileSeen(View):
    name: str
    size: int = 0
    sha256: str = ""
    purged_at: str | None = None
    purge_rule: str | None = None
    purge_term: int | None = None


class OpinionSeen(View):
    asked_name: str | None = None
    asker_name: str | None = None
    question: str | None = None
    answer: str | None = None


class RequestSeen(View):
    """A request with its customer's facts at one moment."""

    title: str = ""
    description: str = ""
    kind: str = "OTHER"
    amount: formats.Amount | None = None
    currency: str = formats.YEN
    yen_amount: int | None = None
    rates: list[Rate] = Field(default_factory=list)
    fields: dict[str, Any] = Field(default_factory=dict)
    flags: list[str] = Field(default_factory=list)
    flag_grounds: dict[str, FlagGround] = Field(default_factory=dict)
    revision: int = 1
    stages: list[Stage] = Field(default_factory=list)
    customer: CustomerSeen | None = None
    attachments: list[FileSeen] = Field(default_factory=list)
    opinions: list[OpinionSeen] = Field(default_factory=list)


def of_request(seen: RequestSeen, kinds: Kinds) -> list[tuple[str, str]]:
    """Label and text of each fact about the request, in its order."""
    return [
        (gettext("Title"), seen.title),
        (gettext("Kind"), words.kind_text(seen.kind)),
        (gettext("Amount"), _amount_text(seen)),
        *table.lines(kinds, seen.kind, seen.fields, seen.currency),
        (gettext("Revision"), str(seen.revision)),
        (gettext("Warnings"), "\n".join(_flags(seen)) or formats.NOTHING),
        (gettext("Route"), "\n".join(map(_stage_text, range(1, len(seen.stages) + 1), seen.stages))),
        (gettext("Reason and details"), seen.description or formats.NOTHING),
        (gettext("Attachments"), "\n".join(map(_file_text, seen.attachments)) or formats.NOTHING),
    ]


def of_opinions(seen: RequestSeen) -> list[tuple[str, str]]:
    """Who was asked in the stage, with question and answer."""
    unknown = gettext("Unknown")
    return [
        (
            opinion.asked_name or unknown,
            gettext("%(asker)s asked: %(question)s\nAnswer: %(answer)s")
            % {
                "asker": opinion.asker_name or unknown,
                "question": opinion.question or formats.NOTHING,
                "answer": opinion.answer or gettext("none yet"),
            },
        )
        for opinion in seen.opinions
    ]


def _amount_text(seen: RequestSeen) -> str:
    """With what it was compared by, if that was kept."""
    rates = money.rates_text(seen)
    return "\n".join(filter(None, (formats.money(seen.amount, seen.currency), money.worth_text(seen), rates)))


def _flags(seen: RequestSeen) -> list[str]:
    return [customer_facts.flag_text(flag, seen.flag_grounds.get(flag)) for flag in seen.flags]


def _file_text(file: FileSeen) -> str:
    text = f"{file.name} ({formats.filesize(file.size)}, SHA-256 {file.sha256})"
    gone = words.purge_text(file.purge_rule, file.purge_term, file.purged_at)
    return f"{text}\n{gone}" if gone else text


def _stage_text(number: int, stage: Stage) -> str:
    joiner = "、" if current_locale() == "ja" else ", "
    people = joiner.join(person.name or gettext("Unknown") for person in stage.approvers)
    mode = words.mode_text(stage.mode, stage.quorum, len(stage.approver_ids) + len(stage.vacant_ids))
    return f"{number}. {stage.name}: {people}" + (f" ({mode})" if mode else "")


_LATER = ("income_band", "objectives", "experience", "horizon", "fund_source", "investor_class")
"""Fields that entries lack from before the rest of the profile was known here."""


def of_customer(seen: CustomerSeen | None) -> list[tuple[str, str]]:
    """The same of the customer; nothing where there is none any more."""
    if seen is None:
        return []
    facts = by_field(seen)
    if seen.experience is not None:
        return list(facts.values())
    known = [fact for name, fact in facts.items() if name not in _LATER]
    return [*known, (gettext("Rest of the profile"), customer_facts.unknown())]


def by_field(seen: CustomerSeen) -> dict[str, tuple[str, str]]:
    """Label and text by the name of the field; without a share where there is none."""
    nothing, answer = formats.NOTHING, customer_facts.answer
    facts = {
        "name": (gettext("Name"), seen.name or nothing),
        "kind": (gettext("Customer type"), _word(customer_words.kinds(), seen.kind)),
        "relationship": (gettext("Relationship"), _word(customer_words.relationships(), seen.relationship)),
        "state": (gettext("State"), _word(customer_words.states(), seen.state)),
        "assigned_sales_name": (gettext("In charge"), seen.assigned_sales_name or nothing),
        "birth_date": (gettext("Birth date"), formats.day(seen.birth_date, year=True)),
        "risk_tolerance": (gettext("Risk tolerance"), _word(profile_words.risks(), seen.risk_tolerance)),
        "assets_band": (gettext("Financial assets"), _word(profile_words.money_bands(), seen.assets_band)),
        "income_band": (gettext("Yearly income"), answer(profile_words.money_bands(), seen.income_band)),
        "objectives": (gettext("Objectives"), customer_facts.objectives_text(seen.objectives)),
        "experience": (gettext("Investment experience"), customer_facts.all_experience_text(seen.experience)),
        "horizon": (gettext("Horizon"), answer(profile_words.periods(), seen.horizon)),
        "fund_source": (gettext("Source of funds"), answer(profile_words.fund_sources(), seen.fund_source)),
        "investor_class": (gettext("Investor class"), answer(profile_words.investor_classes(), seen.investor_class)),
        "profile_complete": (
            gettext("Investment profile"),
            gettext("All answered") if seen.profile_complete else gettext("Answers missing"),
        ),
        "profile_reviewed_at": (gettext("Profile confirmed"), formats.exact(seen.profile_reviewed_at)),
    }
    if seen.assets_share is not None:
        facts["assets_share"] = customer_facts.share_fact(seen.assets_share, seen.assets_band)
    return facts


def _word(words_of: Mapping[str, str], value: str | None) -> str:
    """A value that a later version kept is shown as it is called there."""
    return words_of.get(value, value) if value else formats.NOTHING
