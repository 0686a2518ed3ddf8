"""The forms of meetings and tasks: what stands in them and what of it is sent. Times are the office's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any, Self

from starlette.datastructures import FormData

from frontend.sales import words
from frontend.sales.views import Meeting, Task
from frontend.ui.customer_field import CustomerField
from frontend.ui.formats import OFFICE_ZONE, local, office_now, whole
from frontend.ui.i18n import gettext
from frontend.ui.people import People

FIRST_MEETING_MINUTES = 60
DEFAULT_LEAD_HOURS = 24


def office_time(day: str, clock: str) -> datetime | None:
    """The moment that a date field and a time field mean; None unless both can be read."""
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), OFFICE_ZONE)
    except ValueError:
        return None


def day_and_clock(moment: str | None) -> tuple[str, str]:
    """The two fields of a moment."""
    begins = local(moment)
    return (begins.date().isoformat(), f"{begins:%H:%M}") if begins else ("", "")


@dataclass(slots=True)
class Draft:
    """Values and problems by the API's names, besides `day`, `start`, `end`, `dueDay` and `dueTime`."""

    values: dict[str, str] = field(default_factory=dict)
    attendees: list[str] = field(default_factory=list)
    customer: CustomerField = field(default_factory=CustomerField)
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_form(cls, form: FormData) -> Self:
        values = {name: value.strip() for name, value in form.items() if isinstance(value, str)}
        attendees = [value for value in form.getlist("attendeeIds") if isinstance(value, str)]
        return cls(values, attendees, CustomerField.from_form(form))

    def get(self, name: str) -> str:
        return self.values.get(name, "")

    def explain(self, errors: dict[str, str]) -> None:
        """The server's messages at the fields that the person sees."""
        places = {"startsAt": "start", "endsAt": "end", "dueDate": "dueDay", "customerId": "customer"}
        for name, message in errors.items():
            self.problems.setdefault(places.get(name, name), message)

    def reads(self, known: People) -> Callable[[str], str]:
        """Tells how a person reads a field, by its name."""
        return lambda name: self._text(name, known)

    def _text(self, name: str, known: People) -> str:
        value = self.get(name)
        match name:
            case "customer":
                return self.customer.name
            case "userId":
                return known.name(value)
            case "attendeeIds":
                return ", ".join(sorted(known.name(user_id) for user_id in self.attendees))
            case "priority":
                return words.priorities().get(value, value)
            case "leadHours":
                hours = whole(value)
                return value if hours is None else words.lead_text(hours)
            case _:
                return value

    def _needs_title(self) -> None:
        if not self.get("title"):
            self.problems["title"] = gettext("Enter a title.")


class MeetingDraft(Draft):
    @classmethod
    def blank(cls) -> Self:
        begins = (office_now() + timedelta(hours=1)).replace(minute=0)
        ends = begins + timedelta(minutes=FIRST_MEETING_MINUTES)
        return cls({"day": begins.date().isoformat(), "start": f"{begins:%H:%M}", "end": f"{ends:%H:%M}"})

    @classmethod
    def from_meeting(cls, meeting: Meeting) -> Self:
        day, start = day_and_clock(meeting.starts_at)
        texts = {
            "title": meeting.title,
            "place": meeting.place or "",
            "agenda": meeting.agenda or "",
            "outcome": meeting.outcome or "",
            "nextStep": meeting.next_step or "",
            "userId": meeting.user_id,
        }
        values = texts | {"day": day, "start": start, "end": day_and_clock(meeting.ends_at)[1]}
        return cls(values, list(meeting.attendee_ids), CustomerField(meeting.customer_id, meeting.customer_name or ""))

    def check(self) -> bool:
        self._needs_title()
        if not self.customer.id:
            self.problems["customer"] = gettext("Choose the customer.")
        start, end = self._period()
        if start is None:
            self.problems["start"] = gettext("Enter day and time.")
        elif end is None:
            self.problems["end"] = gettext("Enter day and time.")
        elif end <= start:
            self.problems["end"] = gettext("It ends after it starts.")
        return not self.problems

    def body(self) -> dict[str, Any]:
        start, end = self._period()
        assert start is not None
        assert end is not None
        body: dict[str, Any] = {
            "customerId": self.customer.id,
            "title": self.get("title"),
            "startsAt": start.isoformat(),
            "endsAt": end.isoformat(),
            "attendeeIds": self.attendees,
            "place": self.get("place") or None,
            "agenda": self.get("agenda") or None,
        }
        if self.get("userId"):
            body["userId"] = self.get("userId")
        return body

    def _period(self) -> tuple[datetime | None, datetime | None]:
        return office_time(self.get("day"), self.get("start")), office_time(self.get("day"), self.get("end"))


class TaskDraft(Draft):
    @classmethod
    def blank(cls) -> Self:
        return cls({"priority": "NORMAL", "leadHours": str(DEFAULT_LEAD_HOURS)})

    @classmethod
    def from_task(cls, task: Task) -> Self:
        due_day, due_time = day_and_clock(task.due_date)
        values = {
            "title": task.title,
            "description": task.description or "",
            "priority": task.priority,
            "dueDay": due_day,
            "dueTime": due_time,
            "leadHours": str(task.lead_hours),
            "userId": task.user_id,
        }
        return cls(values, [], CustomerField(task.customer_id or "", task.customer_name or ""))

    def check(self) -> bool:
        self._needs_title()
        if self.get("dueTime") and not self.get("dueDay"):
            self.problems["dueDay"] = gettext("A time alone is not enough: enter the day too.")
        elif self.get("dueTime") and office_time(self.get("dueDay"), self.get("dueTime")) is None:
            self.problems["dueDay"] = gettext("Enter day and time.")
        if self.get("leadHours") and whole(self.get("leadHours")) is None:
            self.problems["leadHours"] = gettext("Enter whole hours.")
        return not self.problems

    def body(self) -> dict[str, Any]:
        """A day without a time means its end."""
        moment = office_time(self.get("dueDay"), self.get("dueTime")) if self.get("dueTime") else None
        body: dict[str, Any] = {
            "customerId": self.customer.id or None,
            "title": self.get("title"),
            "description": self.get("description") or None,
            "priority": self.get("priority") or "NORMAL",
            "dueDate": moment.isoformat() if moment else self.get("dueDay") or None,
            "leadHours": DEFAULT_LEAD_HOURS if (hours := whole(self.get("leadHours"))) is None else hours,
        }
        if self.get("userId"):
            body["userId"] = self.get("userId")
        return body
