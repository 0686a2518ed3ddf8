"""The forms of meetings and tasks: what stands in them and what of it is sent. Times are the office's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, Self

from frontend.sales import words
from frontend.sales.views import Meeting, Task
from frontend.ui.customer_field import CustomerField
from frontend.ui.drafts import Draft
from frontend.ui.formats import whole
from frontend.ui.gateway import Json
from frontend.ui.i18n import gettext
from frontend.ui.people import People
from frontend.ui.time_zone import day_and_clock, local, office_now, office_time

FIRST_MEETING_MINUTES = 60
DEFAULT_LEAD_HOURS = 24
END_OF_DAY = time(23, 59, 59)
"""What the service makes of a due date without a time."""


def _period_inputs(begins: str | datetime, ends: str | datetime) -> dict[str, tuple[str, ...]]:
    """The last day stands there only when it is another one."""
    (day, start), (end_day, end) = day_and_clock(begins), day_and_clock(ends)
    return {"day": (day,), "start": (start,), "endDay": ("" if end_day == day else end_day,), "end": (end,)}


@dataclass(slots=True)
class ActivityDraft(Draft):
    """What meetings and tasks have in common."""

    def reads(self, known: People) -> Callable[[str], str]:
        """Tells how a person reads a part, by its name."""
        return lambda part: self._text(part, known)

    def _text(self, part: str, known: People) -> str:
        value = self.get(part)
        match part:
            case "customer":
                return CustomerField.parse(value).name
            case "userId":
                return known.name(value)
            case "attendeeIds":
                return ", ".join(sorted(known.name(user_id) for user_id in self.all(part)))
            case "priority":
                return words.priorities().get(value, value)
            case "leadHours":
                hours = whole(value)
                return value if hours is None else words.lead_text(hours)
            case "due":
                return f"{self.get('dueDay')} {self.get('dueTime')}".strip()
            case "period":
                return f"{self.get('day')} {self.get('start')} – {self.get('endDay')} {self.get('end')}".replace(
                    "  ", " "
                )
            case _:
                return value

    def _needs_title(self) -> None:
        if not self.get("title"):
            self.problems["title"] = gettext("Enter a title.")


@dataclass(slots=True)
class MeetingDraft(ActivityDraft):
    PARTS: ClassVar = {
        "customer": ("customer",),
        "title": ("title",),
        "period": ("day", "start", "endDay", "end"),
        "place": ("place",),
        "userId": ("userId",),
        "agenda": ("agenda",),
        "attendeeIds": ("attendeeIds",),
    }
    TEXTS: ClassVar = frozenset({"agenda"})
    LISTS: ClassVar = frozenset({"attendeeIds"})
    PLACES: ClassVar = {"startsAt": "start", "endsAt": "end", "customerId": "customer"}

    @classmethod
    def blank(cls) -> Self:
        begins = (office_now() + timedelta(hours=1)).replace(minute=0)
        ends = begins + timedelta(minutes=FIRST_MEETING_MINUTES)
        return cls(inputs=_period_inputs(begins, ends))

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        meeting = Meeting.model_validate(record)
        return {
            "customer": [CustomerField(meeting.customer_id, meeting.customer_name or "").value],
            "title": [meeting.title],
            **_period_inputs(meeting.starts_at, meeting.ends_at),
            "place": [meeting.place or ""],
            "userId": [meeting.user_id],
            "agenda": [meeting.agenda or ""],
            "attendeeIds": meeting.attendee_ids,
        }

    def check(self) -> bool:
        touched = self.checked
        if "title" in touched:
            self._needs_title()
        if "customer" in touched and not CustomerField.parse(self.get("customer")).id:
            self.problems["customer"] = gettext("Choose the customer.")
        if "period" in touched:
            self._check_period()
        return not self.problems

    def _check_period(self) -> None:
        start, end = self._period()
        if start is None:
            self.problems["start"] = gettext("Enter day and time.")
        elif end is None:
            self.problems["end"] = gettext("Enter day and time.")
        elif end <= start:
            self.problems["end"] = gettext("It ends after it starts; one over midnight has a last day of its own.")

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        start, end = self._period()
        values: dict[str, dict[str, Any]] = {
            "customer": {"customerId": CustomerField.parse(self.get("customer")).id},
            "title": {"title": self.get("title")},
            "period": {"startsAt": start and start.isoformat(), "endsAt": end and end.isoformat()},
            "place": {"place": self.get("place") or None},
            "userId": {"userId": self.get("userId")} if self.get("userId") else {},
            "agenda": {"agenda": self.block("agenda")},
            "attendeeIds": {"attendeeIds": self.listed("attendeeIds", (record or {}).get("attendeeIds", ()))},
        }
        return {name: value for part in self.PARTS if part in parts for name, value in values[part].items()}

    def _period(self) -> tuple[datetime | None, datetime | None]:
        """A meeting without a last day ends on its first."""
        start = office_time(self.get("day"), self.get("start"))
        return start, office_time(self.get("endDay") or self.get("day"), self.get("end"))


@dataclass(slots=True)
class TaskDraft(ActivityDraft):
    PARTS: ClassVar = {
        "title": ("title",),
        "customer": ("customer",),
        "due": ("dueDay", "dueTime"),
        "leadHours": ("leadHours",),
        "priority": ("priority",),
        "userId": ("userId",),
        "description": ("description",),
    }
    TEXTS: ClassVar = frozenset({"description"})
    PLACES: ClassVar = {"dueDate": "dueDay", "customerId": "customer"}

    @classmethod
    def blank(cls) -> Self:
        return cls(inputs={"priority": ("NORMAL",), "leadHours": (str(DEFAULT_LEAD_HOURS),)})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        """A due date at the end of its day is shown as it was written: without a time."""
        task = Task.model_validate(record)
        due_day, due_time = day_and_clock(task.due_date)
        due = local(task.due_date)
        if due is not None and due.time().replace(microsecond=0) == END_OF_DAY:
            due_time = ""
        return {
            "title": [task.title],
            "customer": [CustomerField(task.customer_id or "", task.customer_name or "").value],
            "dueDay": [due_day],
            "dueTime": [due_time],
            "leadHours": [str(task.lead_hours)],
            "priority": [task.priority],
            "userId": [task.user_id],
            "description": [task.description or ""],
        }

    def check(self) -> bool:
        touched = self.checked
        if "title" in touched:
            self._needs_title()
        if "due" in touched:
            self._check_due()
        if "leadHours" in touched and self.get("leadHours") and whole(self.get("leadHours")) is None:
            self.problems["leadHours"] = gettext("Enter whole hours.")
        return not self.problems

    def _check_due(self) -> None:
        day, clock = self.get("dueDay"), self.get("dueTime")
        if clock and not day:
            self.problems["dueDay"] = gettext("A time alone is not enough: enter the day too.")
        elif day and office_time(day, clock or "00:00") is None:
            self.problems["dueDay"] = gettext("Enter day and time.")

    def change(self, parts: Set[str], _record: Json | None = None, /) -> dict[str, Any]:
        """A day without a time means its end."""
        moment = office_time(self.get("dueDay"), self.get("dueTime")) if self.get("dueTime") else None
        hours = whole(self.get("leadHours"))
        values: dict[str, dict[str, Any]] = {
            "title": {"title": self.get("title")},
            "customer": {"customerId": CustomerField.parse(self.get("customer")).id or None},
            "due": {"dueDate": moment.isoformat() if moment else self.get("dueDay") or None},
            "leadHours": {"leadHours": DEFAULT_LEAD_HOURS if hours is None else hours},
            "priority": {"priority": self.get("priority") or "NORMAL"},
            "userId": {"userId": self.get("userId")} if self.get("userId") else {},
            "description": {"description": self.block("description")},
        }
        return {name: value for part in self.PARTS if part in parts for name, value in values[part].items()}


@dataclass(slots=True)
class OutcomeDraft(Draft):
    """What came of a meeting. Writing it down says that it was held."""

    PARTS: ClassVar = {"outcome": ("outcome",), "nextStep": ("nextStep",), "state": ("state",)}
    TEXTS: ClassVar = frozenset({"outcome", "nextStep"})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        meeting = Meeting.model_validate(record)
        return {"outcome": [meeting.outcome or ""], "nextStep": [meeting.next_step or ""], "state": [meeting.state]}

    def check(self) -> bool:
        if self.block("outcome") is None:
            self.problems["outcome"] = gettext("Write down what was agreed.")
        return not self.problems

    def change(self, parts: Set[str], _record: Json | None = None, /) -> dict[str, Any]:
        values = {
            "outcome": self.block("outcome"),
            "nextStep": self.block("nextStep"),
            "state": self.get("state"),
        }
        return {part: value for part, value in values.items() if part in parts}

    def reads(self, part: str) -> str:
        """A part as a person reads it."""
        return words.meeting_look(self.get(part)).text if part == "state" else self.get(part)
