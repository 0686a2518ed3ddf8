"""The customer form: what stands in it and what of it is sent."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from typing import Any, ClassVar, Self

from frontend.customer import words
from frontend.customer.tags import joined, split
from frontend.customer.views import Customer, Profile
from frontend.ui import profile_words
from frontend.ui.drafts import Draft
from frontend.ui.gateway import Json
from frontend.ui.i18n import gettext
from frontend.ui.people import People

LINES = ("name", "nameKana", "email", "phone", "birthDate", "occupation")
CHOICES = ("kind", "relationship")
PROFILE_CHOICES = ("riskTolerance", "assetsBand", "incomeBand", "horizon", "fundSource", "investorClass")
PROFILE = frozenset({*PROFILE_CHOICES, "objectives", "experience", "reviewed"})
PRODUCTS = ("EQUITIES", "FUNDS", "BONDS", "FOREIGN_CURRENCY", "DERIVATIVES")


def _experience(product: str) -> str:
    return f"experience-{product}"


@dataclass(slots=True)
class CustomerDraft(Draft):
    """Parts are named as the API names them; the answers of the investment profile stand among the others."""

    PARTS: ClassVar = {
        **{name: (name,) for name in (*LINES, *CHOICES, "assignedSalesId", "tags", "notes", *PROFILE_CHOICES)},
        "objectives": ("objectives",),
        "experience": tuple(_experience(product) for product in PRODUCTS),
        "reviewed": ("reviewed",),
    }
    TEXTS: ClassVar = frozenset({"notes"})
    LISTS: ClassVar = frozenset({"objectives", "reviewed"})

    @classmethod
    def blank(cls) -> Self:
        return cls(inputs={"kind": ("INDIVIDUAL",), "relationship": ("PROSPECT",)})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        customer = Customer.model_validate(record)
        document = customer.model_dump(by_alias=True)
        profile = (customer.profile or Profile()).model_dump(by_alias=True)
        inputs = {name: [document[name] or ""] for name in (*LINES, *CHOICES, "assignedSalesId", "notes")}
        inputs |= {name: [profile[name] or ""] for name in PROFILE_CHOICES}
        inputs |= {_experience(product): [profile["experience"].get(product, "")] for product in PRODUCTS}
        return inputs | {"tags": [joined(customer.tags)], "objectives": profile["objectives"], "reviewed": []}

    @classmethod
    def of_profile(cls, profile: Profile | None) -> Self:
        """The form with the answers of one version of a profile."""
        bare = Customer(id="", name="", profile=profile).model_dump(by_alias=True)
        return cls(inputs=dict(cls.shown_of(bare)))

    @property
    def reviewed(self) -> bool:
        return bool(self.all("reviewed"))

    @property
    def objectives(self) -> list[str]:
        return self.all("objectives")

    def experience(self, product: str) -> str:
        return self.get(_experience(product))

    def check(self) -> bool:
        """Fill `problems` with what can be told without asking the server."""
        if "name" in self.checked and not self.get("name"):
            self.problems["name"] = gettext("Enter the name.")
        return not self.problems

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """A profile is a document of its own: it goes along whole, and only when one of its answers was changed."""
        body: dict[str, Any] = {name: self.get(name) or None for name in LINES if name in parts}
        if "email" in parts and self.get("email"):
            body["email"] = unicodedata.normalize("NFKC", self.get("email"))
        body |= {name: self.get(name) for name in (*CHOICES, "assignedSalesId") if name in parts and self.get(name)}
        if "tags" in parts:
            body["tags"] = split(self.get("tags"))
        if "notes" in parts:
            body["notes"] = self.block("notes")
        if self._tells_of_profile(parts):
            body["profile"] = self._profile((record or {}).get("profile") or {}, parts)
        return body

    def _tells_of_profile(self, parts: Set[str]) -> bool:
        """The profile of a new customer goes along when anything was answered."""
        if self.original.inputs is not None:
            return bool(parts & PROFILE)
        return any(any(self.inputs.get(name, ())) for part in parts & PROFILE for name in self.PARTS[part])

    def _profile(self, before: Json, parts: Set[str]) -> dict[str, Any]:
        profile: dict[str, Any] = {name: before.get(name) for name in PROFILE_CHOICES}
        profile |= {name: self.get(name) or None for name in PROFILE_CHOICES if name in parts}
        profile["objectives"] = list(before.get("objectives") or ())
        if "objectives" in parts:
            profile["objectives"] = self.listed("objectives", profile["objectives"])
        profile["experience"] = dict(before.get("experience") or {})
        if "experience" in parts:
            answers = profile["experience"] | {product: self.experience(product) for product in PRODUCTS}
            profile["experience"] = {product: answer for product, answer in answers.items() if answer}
        return profile

    def reads(self, known: People) -> Callable[[str], str]:
        """Tells how a person reads a part, by its name."""
        return lambda name: known.name(self.get(name)) if name == "assignedSalesId" else self.shown(name)

    def shown(self, name: str) -> str:
        """A part other than who is in charge, as a person reads it."""
        if name == "objectives":
            return ", ".join(profile_words.objectives().get(value, value) for value in self.objectives)
        if name == "experience":
            answers = ((text, self.experience(product)) for product, text in profile_words.products().items())
            return ", ".join(
                f"{text}: {profile_words.experiences().get(answer, answer)}" for text, answer in answers if answer
            )
        value = self.get(name)
        return words.choices_of(name).get(value, value)
