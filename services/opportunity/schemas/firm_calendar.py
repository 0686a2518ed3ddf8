"""The firm's calendar of business days 営業日カレンダー."""

from datetime import date, datetime
from typing import Annotated, Final, Self
from uuid import UUID

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from services.kit.models import CamelModel, ResponseModel
from services.kit.text.fields import Line
from services.opportunity.business_calendar import FIRST_YEAR, LAST_YEAR, Reason

MAX_DAYS: Final = 31
"""Days that are entered at once."""
Year = Annotated[int, Field(ge=FIRST_YEAR, le=LAST_YEAR)]


class DaysInput(CamelModel):
    """``open``: whether the firm is, on each day from ``firstDay`` to ``lastDay`` (the same without it); null: again as
    the calendar of Japan has it. ``name``: why, as people read it."""

    first_day: date
    last_day: date | None = None
    open: bool | None
    name: Annotated[str, Line(80, minimum=0)] = ""

    @model_validator(mode="after")
    def _a_few_days(self) -> Self:
        last = self.last_day or self.first_day
        if last < self.first_day:
            raise PydanticCustomError("days_backwards", "lastDay is not before firstDay")
        if (last - self.first_day).days >= MAX_DAYS:
            raise PydanticCustomError("days_too_many", f"At most {MAX_DAYS} days at once")
        if self.open is not None and not self.name:
            raise PydanticCustomError("day_unnamed", "Say why: give it a name")
        return self


class ConfirmationInput(CamelModel):
    confirmed: bool


class CalendarDay(ResponseModel):
    """``reason``: why it is a business day or not; ``name``: of a holiday, or what the firm calls it."""

    day: date
    open: bool
    reason: Reason
    name: str | None


class FirmDayOutput(ResponseModel):
    """A day of which the firm says something, and who said so."""

    day: date
    open: bool
    name: str
    created_by: UUID | None
    created_by_name: str | None
    created_at: datetime


class CalendarState(ResponseModel):
    """``confirmedUntil``: the last day up to which somebody has compared the holidays with those that were proclaimed,
    without a gap from today on. ``runsOut``: so soon that a year has to be confirmed. ``lastProclaimed``: the last year
    that can be."""

    confirmed_until: date | None
    runs_out: bool
    last_proclaimed: int


class Confirmation(ResponseModel):
    confirmed_by: UUID | None
    confirmed_by_name: str | None
    confirmed_at: datetime


class CalendarYear(CalendarState):
    """``days``: every day of the year. ``firm``: those of which the firm says something. ``confirmation``: null while
    nobody has confirmed the year."""

    year: int
    days: list[CalendarDay]
    firm: list[FirmDayOutput]
    confirmation: Confirmation | None
