"""Customers as the gateway answers them, with what suitability asks to be seen."""

from __future__ import annotations

from datetime import date, timedelta

from pydantic import Field

from frontend.ui.profile_words import CARE_AGE, SAME_DAY_AGE
from frontend.ui.time_zone import local, office_now
from frontend.ui.views import View

REVIEW_VALID = timedelta(days=365)
PRODUCTS = 5  # kinds of products for which experience is asked


class Profile(View):
    """One version of an investment profile."""

    risk_tolerance: str | None = None
    objectives: list[str] = Field(default_factory=list)
    experience: dict[str, str] = Field(default_factory=dict)
    assets_band: str | None = None
    income_band: str | None = None
    horizon: str | None = None
    fund_source: str | None = None
    investor_class: str | None = None
    reviewed_at: str | None = None
    reviewed_by: str | None = None
    version: int = 1

    @property
    def is_complete(self) -> bool:
        """All that a suitability check asks for, experience with every product among it."""
        answers = (self.risk_tolerance, self.assets_band, self.income_band, self.horizon, self.fund_source)
        return all((*answers, self.investor_class, self.objectives)) and len(self.experience) >= PRODUCTS

    @property
    def is_stale(self) -> bool:
        reviewed = local(self.reviewed_at)
        return reviewed is None or office_now() - reviewed > REVIEW_VALID


class Customer(View):
    id: str
    name: str
    name_kana: str | None = None
    kind: str = "INDIVIDUAL"
    email: str | None = None
    phone: str | None = None
    birth_date: str | None = None
    occupation: str | None = None
    relationship: str = "PROSPECT"
    assigned_sales_id: str = ""
    tags: list[str] = Field(default_factory=list)
    notes: str | None = None
    profile: Profile | None = None
    state: str = "ACTIVE"
    process_id: str | None = None
    deleted_at: str | None = None
    allowed_actions: list[str] = Field(default_factory=list)
    """Of one customer alone; lists do not say it."""
    version: int = 1
    created_at: str | None = None
    updated_at: str | None = None

    def may(self, action: str) -> bool:
        return action in self.allowed_actions

    @property
    def is_open(self) -> bool:
        """Whether it can be changed: no process holds it and it is not deleted."""
        return self.state == "ACTIVE"

    @property
    def age(self) -> int | None:
        if not self.birth_date or self.kind != "INDIVIDUAL":
            return None
        born, today = date.fromisoformat(self.birth_date), office_now().date()
        return today.year - born.year - ((today.month, today.day) < (born.month, born.day))

    @property
    def flags(self) -> list[str]:
        """What to heed before proposing something."""
        flags = []
        if self.age is not None and self.age >= CARE_AGE:
            flags.append("SENIOR_80" if self.age >= SAME_DAY_AGE else "SENIOR_75")
        if self.profile is None:
            flags.append("PROFILE_MISSING")
        else:
            if not self.profile.is_complete:
                flags.append("PROFILE_INCOMPLETE")
            if self.profile.is_stale:
                flags.append("PROFILE_STALE")
        return flags


class CustomerPage(View):
    items: list[Customer] = Field(default_factory=list)
    next_cursor: str | None = None


class PreviewItem(View):
    kind: str
    count: int


class DeletionPreview(View):
    """What a deletion would take along."""

    items: list[PreviewItem] = Field(default_factory=list)
    total: int = 0
