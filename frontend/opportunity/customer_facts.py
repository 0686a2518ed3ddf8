"""What an approver is shown of a request's customer, and what the flags of the request compare, in words.

Everything here comes with the request and is kept with each decision (ADR 0044).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from frontend.opportunity.views import AssetsShare, CustomerFacts, FlagGround
from frontend.ui import customer_words, formats, profile_words
from frontend.ui.i18n import gettext

INDIVIDUAL = "INDIVIDUAL"


@dataclass(frozen=True, slots=True)
class Shown:
    """``facts``: label and text, in their order. ``others``: experience with further products, on demand."""

    facts: list[tuple[str, str]]
    others: list[tuple[str, str]]


def shown(customer: CustomerFacts, product: str | None) -> Shown:
    """``product``: what the request is about, if its kind asks for one."""
    products = profile_words.products()
    about = [product] if product in products else []
    told = customer.experience is not None
    facts = [
        (gettext("Customer type"), kind_text(customer)),
        (gettext("Investor class"), answer(profile_words.investor_classes(), customer.investor_class, known=told)),
        (gettext("Age"), age_text(customer)),
        (gettext("Risk tolerance"), answer(profile_words.risks(), customer.risk_tolerance)),
        *((experience_label(name), experience_text(customer.experience, name)) for name in about),
        (gettext("Objectives"), objectives_text(customer.objectives)),
        (gettext("Horizon"), answer(profile_words.periods(), customer.horizon, known=told)),
        (gettext("Source of funds"), answer(profile_words.fund_sources(), customer.fund_source, known=told)),
        (gettext("Financial assets"), answer(profile_words.money_bands(), customer.assets_band)),
        *([share_fact(share, customer.assets_band)] if (share := customer.assets_share) is not None else []),
        (gettext("Yearly income"), answer(profile_words.money_bands(), customer.income_band, known=told)),
        (gettext("Profile confirmed"), formats.day(customer.profile_reviewed_at, year=True)),
    ]
    others = [
        (text, experience_text(customer.experience, name)) for name, text in products.items() if name not in about
    ]
    return Shown(facts, others)


def kind_text(customer: CustomerFacts) -> str:
    """Corporate or individual, and the relationship."""
    words = (
        customer_words.kinds().get(customer.kind or "", customer.kind),
        customer_words.relationships().get(customer.relationship or "", customer.relationship),
    )
    return " ・ ".join(word for word in words if word) or formats.NOTHING


def age_text(customer: CustomerFacts) -> str:
    if customer.age is None or customer.kind not in (None, INDIVIDUAL):
        return formats.NOTHING
    years, rule = gettext("%(n)s years") % {"n": customer.age}, profile_words.age_rule(customer.age)
    return gettext("%(years)s: %(rule)s") % {"years": years, "rule": rule} if rule else years


def unknown() -> str:
    """For what nobody has told this service: unlike what the customer has not answered."""
    return gettext("Not known here")


def answer(words: Mapping[str, str], value: str | None, *, known: bool = True) -> str:
    """An answer of the profile; one that was not given is no more than that, one that nobody told is unknown."""
    if value is None:
        return gettext("Not answered") if known else unknown()
    return words.get(value, value)


def objectives_text(objectives: list[str] | None) -> str:
    if objectives is None:
        return unknown()
    words = profile_words.objectives()
    return gettext(", ").join(words.get(value, value) for value in objectives) or gettext("Not answered")


def experience_label(product: str) -> str:
    return gettext("Experience: %(product)s") % {"product": profile_words.products().get(product, product)}


def experience_text(experience: Mapping[str, str] | None, product: str) -> str:
    return answer(profile_words.experiences(), (experience or {}).get(product), known=experience is not None)


def all_experience_text(experience: Mapping[str, str] | None) -> str:
    """A line for each product."""
    products = profile_words.products()
    lines = ((text, experience_text(experience, name)) for name, text in products.items())
    return "\n".join(gettext("%(product)s: %(answer)s") % {"product": text, "answer": told} for text, told in lines)


def share_fact(share: AssetsShare, band: str | None) -> tuple[str, str]:
    """The amount against the band of the assets."""
    words = {"share": share_text(share), "band": profile_words.money_bands().get(band or "", band)}
    return gettext("Share of the assets"), gettext("%(share)s of %(band)s") % words


def share_text(share: AssetsShare) -> str:
    """The percent as the band of the assets allows, open where it is."""
    if share.high is None:
        return gettext("%(low)s %% or more") % {"low": _grouped(share.low)}
    if share.low == 0:
        return gettext("at most %(high)s %%") % {"high": _grouped(share.high)}
    return gettext("about %(low)s–%(high)s %%") % {"low": _grouped(share.low), "high": _grouped(share.high)}


def _grouped(percent: int) -> str:
    return formats.number(percent)


def flag_text(flag: str, ground: FlagGround | None) -> str:
    """A flag with what it rests on, where it compares."""
    text, figures = profile_words.flag_text(flag), _figures(flag, ground)
    return gettext("%(flag)s (%(figures)s)") % {"flag": text, "figures": figures} if figures else text


def _figures(flag: str, ground: FlagGround | None) -> str:
    if ground is None:
        return ""
    if flag == "AMOUNT_RISE":
        return gettext("largest: %(amount)s, %(number)s of %(day)s") % {
            "amount": formats.money(ground.amount, ground.currency),
            "number": ground.number,
            "day": formats.day(ground.decided_at, year=True),
        }
    if flag == "FIRST_IN_PRODUCT":
        return profile_words.products().get(ground.product or "", ground.product or "")
    if flag == "RISK_ABOVE_TOLERANCE":
        risks = profile_words.risks()
        return gettext("product: %(risk)s, customer: %(tolerance)s") % {
            "risk": risks.get(ground.risk_class or "", ground.risk_class),
            "tolerance": risks.get(ground.risk_tolerance or "", ground.risk_tolerance),
        }
    return ""
