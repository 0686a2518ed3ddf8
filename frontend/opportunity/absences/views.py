"""Absences as the gateway answers them, and where one stands."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from frontend.ui.time_zone import office_now, parse_time
from frontend.ui.views import View

CURRENT, PLANNED, PAST, ENDED = "CURRENT", "PLANNED", "PAST", "ENDED"


class Absence(View):
    """A period in which somebody else decides in the place of whoever is away. Times are RFC 3339."""

    id: str
    from_id: str
    from_name: str | None = None
    to_id: str
    to_name: str | None = None
    starts_at: str
    ends_at: str
    takes_waiting: bool = True
    ended: bool = False

    @property
    def begins(self) -> datetime:
        return _moment(self.starts_at)

    @property
    def ends(self) -> datetime:
        """The first moment after it."""
        return _moment(self.ends_at)

    @property
    def state(self) -> str:
        now = office_now()
        if self.ended:
            return ENDED
        if self.ends <= now:
            return PAST
        return CURRENT if self.begins <= now else PLANNED

    @property
    def is_live(self) -> bool:
        """Whether it can still be changed and ended."""
        return self.state in {CURRENT, PLANNED}

    @property
    def has_begun(self) -> bool:
        return self.begins <= office_now()


class AbsencePage(View):
    items: list[Absence] = Field(default_factory=list)
    next_cursor: str | None = None


def _moment(text: str) -> datetime:
    found = parse_time(text)
    assert found is not None
    return found
