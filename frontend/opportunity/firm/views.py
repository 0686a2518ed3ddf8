"""Rates, the calendar, limits and retention as the gateway answers them."""

from __future__ import annotations

from pydantic import Field

from frontend.opportunity.views import Rate
from frontend.ui.views import View


class TableRate(Rate):
    """A row of the rate table."""

    id: str
    note: str = ""
    created_by_name: str | None = None
    created_at: str
    state: str = "CURRENT"


class StaleRate(View):
    currency: str
    valid_from: str


class RatePage(View):
    items: list[TableRate] = Field(default_factory=list)
    next_cursor: str | None = None
    good_for_days: int = 0
    stale: list[StaleRate] = Field(default_factory=list)


class CalendarDay(View):
    day: str
    open: bool
    reason: str
    name: str | None = None


class FirmDay(View):
    day: str
    open: bool
    name: str = ""
    created_by_name: str | None = None
    created_at: str


class CalendarState(View):
    confirmed_until: str | None = None
    runs_out: bool = False
    last_proclaimed: int = 0


class Confirmation(View):
    confirmed_by_name: str | None = None
    confirmed_at: str


class CalendarYear(CalendarState):
    year: int
    days: list[CalendarDay] = Field(default_factory=list)
    firm: list[FirmDay] = Field(default_factory=list)
    confirmation: Confirmation | None = None


class Limits(View):
    attachment_max_bytes: int | None = None
    attachments_per_request: int | None = None
    retention_years: int = 10
    abandoned_draft_days: int = 180
    hard_max_bytes: int = 0
    hard_per_request: int = 0
    updated_by_name: str | None = None
    updated_at: str | None = None


class PurgeDue(View):
    requests: int = 0
    files: int = 0
    bytes: int = 0
    held_files: int = 0


class PurgeRun(View):
    started_at: str
    finished_at: str | None = None
    requests: int = 0
    files: int = 0
    bytes: int = 0


class Retention(View):
    """What the next run of the purge would delete if it ran now, and what the last one did."""

    next_run_at: str
    due: PurgeDue
    held_requests: int = 0
    last_run: PurgeRun | None = None


class Hold(View):
    id: str
    approval_id: str
    number: str = ""
    title: str = ""
    state: str = "DRAFT"
    office: str
    reason: str = ""
    set_by_name: str | None = None
    set_at: str


class HoldPage(View):
    items: list[Hold] = Field(default_factory=list)
    next_cursor: str | None = None
