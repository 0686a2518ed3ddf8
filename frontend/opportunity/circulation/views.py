"""Circulation as the gateway answers it."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import Field

from frontend.opportunity.views import Approval
from frontend.ui.views import View

READ, REVIEW, CONSULT = "READ", "REVIEW", "CONSULT"


def is_past(at: str | None) -> bool:
    return at is not None and datetime.fromisoformat(at) < datetime.now(UTC)


class Part(View):
    """What was asked of somebody for one revision. `ended_at`: nothing is asked of them any more since then."""

    purpose: str
    user_id: str
    user_name: str | None = None
    generation: int = 1
    revision: int = 1
    since: str
    due_at: str | None = None
    answered_at: str | None = None
    verdict: str | None = None
    comment: str | None = None
    ended_at: str | None = None

    @property
    def is_open(self) -> bool:
        return self.ended_at is None

    @property
    def is_overdue(self) -> bool:
        return self.is_open and is_past(self.due_at)


class Circulation(View):
    """`asked`: what the reader of the page can answer now. `is_known`: whether it could be read at all."""

    items: list[Part] = Field(default_factory=list)
    asked: list[str] = Field(default_factory=list)
    is_known: bool = True

    def of(self, purpose: str) -> list[Part]:
        """What each person was asked last. Whoever was asked no more before they answered is left out."""
        newest: dict[str, Part] = {}
        for part in self.items:
            if part.purpose == purpose:
                newest.setdefault(part.user_id, part)
        return [part for part in newest.values() if part.is_open or part.answered_at]

    def asked_of(self, user_id: str, purpose: str) -> Part | None:
        """What this person can answer now."""
        if purpose not in self.asked:
            return None
        return next((part for part in self.of(purpose) if part.user_id == user_id and part.is_open), None)


class Circulated(Approval):
    """A request in the list of what was shown to somebody."""

    shown_since: str = ""
    review_due_at: str | None = None
    answered_at: str | None = None

    @property
    def is_overdue(self) -> bool:
        return self.answered_at is None and is_past(self.review_due_at)


class CirculatedPage(View):
    items: list[Circulated] = Field(default_factory=list)
    next_cursor: str | None = None
