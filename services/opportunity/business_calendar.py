"""Which days are business days: what Japan has for all (``services/kit/running/business_days.py``), and what the firm
says of single days. Pure.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from typing import Final

from services.kit.running.business_days import day_in_japan, is_business_day

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099
"""As far as the library knows rules of holidays."""
PROCLAIMED_IN: Final = 2
"""The month in which the holidays of the next year are published (官報, by the Cabinet Office: 1 February)."""
ENOUGH_AHEAD: Final = timedelta(days=92)
"""With less of confirmed calendar ahead, administrators are warned: three months."""


class Reason(StrEnum):
    """Why a day is a business day, or none."""

    WEEKDAY = "WEEKDAY"
    WEEKEND = "WEEKEND"
    HOLIDAY = "HOLIDAY"
    YEAR_END = "YEAR_END"
    FIRM = "FIRM"


@dataclass(frozen=True, slots=True)
class Calendar:
    """``firm``: the days of which the firm says whether it is open."""

    firm: Mapping[date, bool] = field(default_factory=dict)

    def is_business_day(self, day: date) -> bool:
        said = self.firm.get(day)
        return is_business_day(day) if said is None else said

    def reason(self, day: date) -> Reason:
        return Reason.FIRM if day in self.firm else Reason(day_in_japan(day))


JAPAN: Final = Calendar()


def days_of(year: int) -> Iterator[date]:
    day = date(year, 1, 1)
    while day.year == year:
        yield day
        day += timedelta(days=1)


def last_proclaimed(today: date) -> int:
    """The last year whose holidays can be known for certain, and so be confirmed."""
    return today.year + (today.month >= PROCLAIMED_IN)


def confirmed_until(confirmed: Set[int], today: date) -> date | None:
    """The last day that is confirmed without a gap from today on; None if today is not."""
    year = today.year
    while year in confirmed:
        year += 1
    return None if year == today.year else date(year - 1, 12, 31)


def runs_out(until: date | None, today: date) -> bool:
    """Whether so little lies ahead that somebody has to confirm a year."""
    return until is None or until - today < ENOUGH_AHEAD
