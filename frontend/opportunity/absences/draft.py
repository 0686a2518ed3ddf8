"""The form of an absence: what stands in it and what of it is sent. Times are the office's."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any, ClassVar, Final, Self

from frontend.opportunity.absences.views import Absence
from frontend.ui.drafts import Draft
from frontend.ui.formats import timestamp
from frontend.ui.gateway import Json
from frontend.ui.i18n import gettext
from frontend.ui.people import People
from frontend.ui.time_zone import OFFICE_ZONE, day_and_clock, office_now, office_time

_DAY_BEGINS: Final = time(9)
_DAY_ENDS: Final = time(18)


def _inputs(begins: str | datetime, ends: str | datetime) -> dict[str, tuple[str, ...]]:
    (start_day, start), (end_day, end) = day_and_clock(begins), day_and_clock(ends)
    return {"startDay": (start_day,), "startTime": (start,), "endDay": (end_day,), "endTime": (end,)}


@dataclass(slots=True)
class AbsenceDraft(Draft):
    """`fromId` is there for administrators only, who say whose absence it is; everybody else's is their own."""

    PARTS: ClassVar = {
        "fromId": ("fromId",),
        "start": ("startDay", "startTime"),
        "end": ("endDay", "endTime"),
        "toId": ("toId",),
        "takesWaiting": ("takesWaiting",),
    }
    LISTS: ClassVar = frozenset({"takesWaiting"})
    PLACES: ClassVar = {"startsAt": "start", "endsAt": "end", "": "end"}

    @classmethod
    def blank(cls) -> Self:
        """From tomorrow morning to its evening."""
        tomorrow = office_now().date() + timedelta(days=1)
        begins, ends = (datetime.combine(tomorrow, clock, OFFICE_ZONE) for clock in (_DAY_BEGINS, _DAY_ENDS))
        return cls(inputs=_inputs(begins, ends) | {"takesWaiting": ("1",)})

    @classmethod
    def rendered(cls, record: Json) -> Mapping[str, Sequence[str]]:
        absence = Absence.model_validate(record)
        return {
            "fromId": [absence.from_id],
            **_inputs(absence.starts_at, absence.ends_at),
            "toId": [absence.to_id],
            "takesWaiting": ["1"] if absence.takes_waiting else [],
        }

    @property
    def takes_waiting(self) -> bool:
        return bool(self.all("takesWaiting"))

    def check(self, absent: str) -> bool:
        """Fill `problems` with what can be told without asking the server. `absent`: whose absence it is."""
        touched = self.checked
        begins, ends = self._moments()
        if begins is None and "start" in touched:
            self.problems["start"] = gettext("Enter day and time.")
        if ends is None and "end" in touched:
            self.problems["end"] = gettext("Enter day and time.")
        elif begins is not None and ends is not None and ends <= begins and touched & {"start", "end"}:
            self.problems["end"] = gettext("An absence ends after it begins.")
        elif ends is not None and ends <= office_now() and "end" in touched:
            self.problems["end"] = gettext("This end has passed already.")
        if not absent:
            self.problems["fromId"] = gettext("Choose who is away.")
        if "toId" in touched and not self.get("toId"):
            self.problems["toId"] = gettext("Choose who decides meanwhile.")
        elif self.get("toId") == absent != "":
            self.problems["toId"] = gettext("Somebody else has to decide meanwhile.")
        return not self.problems

    def _moments(self) -> tuple[datetime | None, datetime | None]:
        return (
            office_time(self.get("startDay"), self.get("startTime")),
            office_time(self.get("endDay"), self.get("endTime")),
        )

    def change(self, parts: Set[str], record: Json | None = None, /) -> dict[str, Any]:
        """As the API takes it: whole. A moment that nobody touched stays exact to the second."""
        before = record or {}
        begins, ends = self._moments()
        sent: dict[str, Any] = {
            "toId": self.get("toId") if "toId" in parts or record is None else before["toId"],
            "startsAt": _text(begins) if "start" in parts or record is None else before["startsAt"],
            "endsAt": _text(ends) if "end" in parts or record is None else before["endsAt"],
            "takesWaiting": self.takes_waiting if "takesWaiting" in parts or record is None else before["takesWaiting"],
        }
        if record is None and self.get("fromId"):
            sent["fromId"] = self.get("fromId")
        return sent

    def reads(self, known: People) -> Callable[[str], str]:
        """Tells how a person reads a part, by its name."""

        def text(part: str) -> str:
            match part:
                case "start" | "end":
                    moment = self._moments()[part == "end"]
                    return timestamp(moment) if moment else ""
                case "takesWaiting":
                    return gettext("Yes") if self.takes_waiting else gettext("No")
                case _:
                    return known.name(self.get(part)) or self.get(part)

        return text


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
