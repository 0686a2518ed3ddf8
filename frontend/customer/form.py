"""The customer form: what stands in it and what of it is sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from starlette.datastructures import FormData

from frontend.customer import words
from frontend.customer.views import Customer, Profile
from frontend.ui.gateway import GatewayProblem
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD
from frontend.ui.people import People

TEXTS = ("name", "nameKana", "email", "phone", "birthDate", "occupation", "notes")
CHOICES = ("kind", "relationship")
PROFILE_CHOICES = ("riskTolerance", "assetsBand", "incomeBand", "horizon", "fundSource", "investorClass")
TAG_SEPARATORS = str.maketrans("、，;；\n", ",,,,,")


@dataclass(slots=True)
class Draft:
    """The form as it stands; names are those of the API. `problems` are messages by field name; `key` is the
    idempotency key that it came with: sent again after an outage, it is done once."""

    values: dict[str, str] = field(default_factory=dict)
    tags: list[str] = field(default_factory=list)
    objectives: list[str] = field(default_factory=list)
    experience: dict[str, str] = field(default_factory=dict)
    reviewed: bool = False
    key: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def blank(cls) -> Draft:
        return cls(values={"kind": "INDIVIDUAL", "relationship": "PROSPECT"})

    @classmethod
    def from_form(cls, form: FormData) -> Draft:
        def text(name: str) -> str:
            return str(form.get(name, "")).strip()

        names = (*TEXTS, *CHOICES, *PROFILE_CHOICES, "assignedSalesId")
        experience = {product: text(f"experience-{product}") for product in words.products()}
        tags = (tag.strip() for tag in text("tags").translate(TAG_SEPARATORS).split(","))
        return cls(
            values={name: text(name) for name in names},
            tags=list(dict.fromkeys(tag for tag in tags if tag)),
            objectives=[str(value) for value in form.getlist("objectives")],
            experience={product: answer for product, answer in experience.items() if answer},
            reviewed=bool(form.get("reviewed")),
            key=text(KEY_FIELD),
        )

    @classmethod
    def from_customer(cls, customer: Customer) -> Draft:
        document = customer.model_dump(by_alias=True)
        profile = (customer.profile or Profile()).model_dump(by_alias=True)
        values = {name: document[name] or "" for name in (*TEXTS, *CHOICES, "assignedSalesId")}
        values |= {name: profile[name] or "" for name in PROFILE_CHOICES}
        return cls(values, list(customer.tags), list(profile["objectives"]), dict(profile["experience"]))

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        if not self.get("name"):
            self.problems["name"] = gettext("Enter the name.")
        return not self.problems

    def body(self, current: Customer | None, *, with_assignee: bool) -> dict[str, Any]:
        """As the API takes it. The profile goes along only when an answer changed or the review was confirmed."""
        body: dict[str, Any] = {name: self.get(name) or None for name in TEXTS}
        body |= {name: self.get(name) for name in CHOICES if self.get(name)}
        body |= {"name": self.get("name"), "tags": self.tags}
        if with_assignee and self.get("assignedSalesId"):
            body["assignedSalesId"] = self.get("assignedSalesId")
        profile = self._profile()
        before = Draft.from_customer(current)._profile() if current else Draft.blank()._profile()
        if profile != before or self.reviewed:
            if self.reviewed:
                profile["reviewedAt"] = datetime.now(UTC).isoformat(timespec="seconds")
            body["profile"] = profile
        return body

    def _profile(self) -> dict[str, Any]:
        answers: dict[str, Any] = {name: self.get(name) or None for name in PROFILE_CHOICES}
        return answers | {"objectives": sorted(self.objectives), "experience": self.experience}

    def explain(self, problem: GatewayProblem) -> None:
        """Put what the server said beside the fields; a pointer may lead into a list or the profile."""
        known = {*TEXTS, *CHOICES, *PROFILE_CHOICES, "assignedSalesId", "tags", "objectives", "experience"}
        for entry in problem.document.get("errors") or ():
            parts = [part for part in str(entry.get("pointer", "")).split("/") if part in known]
            if parts:
                self.problems.setdefault(parts[-1], str(entry.get("message") or problem.message))

    def reads(self, known: People) -> Callable[[str], str]:
        """Tells how a person reads a field, by its name."""
        return lambda name: known.name(self.get(name)) if name == "assignedSalesId" else self.shown(name)

    def shown(self, name: str) -> str:
        """A field other than who is in charge, as a person reads it."""
        if name == "tags":
            return ", ".join(self.tags)
        if name == "objectives":
            return ", ".join(words.objectives().get(value, value) for value in sorted(self.objectives))
        if name == "experience":
            return ", ".join(
                f"{text}: {words.experiences()[self.experience[product]]}"
                for product, text in words.products().items()
                if product in self.experience
            )
        value = self.get(name)
        return words.choices_of(name).get(value, value)
