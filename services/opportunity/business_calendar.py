"""Which days are business days: what Japan has for all, and what the firm says of single days. Pure.

The rule of Japan: neither Saturday nor Sunday, no holiday (国民の祝日, library ``holidays``), and none of the days from
31 December to 3 January, on which the exchanges are closed.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final

import holidays

from services.kit.errors import DEFAULT_LOCALE

FIRST_YEAR: Final = 2000
LAST_YEAR: Final = 2099
"""As far as the library knows rules of holidays."""
PROCLAIMED_IN: Final = 2
"""The month in which the holidays of the next year are published (官報, by the Cabinet Office: 1 February)."""
ENOUGH_AHEAD: Final = timedelta(days=92)
"""With less of confirmed calendar ahead, administrators are warned: three months."""
_LANGUAGES: Final = {"ja": "ja", "en": "en_US"}
_SATURDAY: Final = 5
_YEAR_END: Final = frozenset({(12, 31), (1, 1), (1, 2), (1, 3)})


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
        return rule_of_japan(day) is Reason.WEEKDAY if said is None else said

    def reason(self, day: date) -> Reason:
        return Reason.FIRM if day in self.firm else rule_of_japan(day)


JAPAN: Final = Calendar()


@lru_cache(maxsize=4096)
def rule_of_japan(day: date) -> Reason:
    """WEEKDAY for business days."""
    if day in _holidays(day.year):
        return Reason.HOLIDAY
    if (day.month, day.day) in _YEAR_END:
        return Reason.YEAR_END
    return Reason.WEEKEND if day.weekday() >= _SATURDAY else Reason.WEEKDAY


def holiday_name(day: date, locale: str) -> str | None:
    return _holidays(day.year, locale).get(day)


@lru_cache(maxsize=64)
def _holidays(year: int, locale: str = DEFAULT_LOCALE) -> Mapping[date, str]:
    return dict(holidays.country_holidays("JP", years=year, language=_LANGUAGES[locale]))


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
