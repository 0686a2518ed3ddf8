"""Meetings and tasks as the gateway answers them."""

from __future__ import annotations

from pydantic import Field

from frontend.ui.time_zone import day_and_clock, local, office_now
from frontend.ui.views import View


class Meeting(View):
    id: str
    customer_id: str
    customer_name: str | None = None
    user_id: str = ""
    user_name: str | None = None
    attendee_ids: list[str] = Field(default_factory=list)
    title: str = ""
    starts_at: str
    ends_at: str
    place: str | None = None
    agenda: str | None = None
    outcome: str | None = None
    next_step: str | None = None
    state: str = "PLANNED"
    allowed_actions: list[str] = Field(default_factory=list)
    version: int = 1

    @property
    def may_change(self) -> bool:
        return "CHANGE" in self.allowed_actions

    @property
    def day(self) -> str:
        """The day on which it begins, in the office's time zone, as yyyy-mm-dd."""
        return day_and_clock(self.starts_at)[0]

    @property
    def last_day(self) -> str:
        """The day on which it ends, likewise."""
        return day_and_clock(self.ends_at)[0]

    @property
    def has_begun(self) -> bool:
        begins = local(self.starts_at)
        return begins is None or begins <= office_now()


class MeetingPage(View):
    items: list[Meeting] = Field(default_factory=list)
    next_cursor: str | None = None


class Task(View):
    id: str
    customer_id: str | None = None
    customer_name: str | None = None
    user_id: str = ""
    user_name: str | None = None
    title: str = ""
    description: str | None = None
    priority: str = "NORMAL"
    due_date: str | None = None
    lead_hours: int = 24
    state: str = "OPEN"
    completed_at: str | None = None
    due_soon: bool = False
    overdue: bool = False
    allowed_actions: list[str] = Field(default_factory=list)
    version: int = 1

    @property
    def may_change(self) -> bool:
        return "CHANGE" in self.allowed_actions

    @property
    def is_live(self) -> bool:
        return self.state in {"OPEN", "IN_PROGRESS"}


class TaskPage(View):
    items: list[Task] = Field(default_factory=list)
    next_cursor: str | None = None
