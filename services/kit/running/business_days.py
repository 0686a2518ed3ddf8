"""Business days in Japan (Asia/Tokyo).

Neither Saturday nor Sunday, no holiday (国民の祝日, library ``holidays``), and none of the days from 31 December to
3 January, on which the exchanges are closed.
"""

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from functools import lru_cache
from typing import Final

import holidays

from services.kit.errors import DEFAULT_LOCALE

_LANGUAGES: Final = {"ja": "ja", "en": "en_US"}
_SATURDAY: Final = 5
_YEAR_END: Final = frozenset({(12, 31), (1, 1), (1, 2), (1, 3)})


class DayInJapan(StrEnum):
    WEEKDAY = "WEEKDAY"
    WEEKEND = "WEEKEND"
    HOLIDAY = "HOLIDAY"
    YEAR_END = "YEAR_END"


@lru_cache(maxsize=4096)
def day_in_japan(day: date) -> DayInJapan:
    """WEEKDAY for business days."""
    if day in _holidays(day.year):
        return DayInJapan.HOLIDAY
    if (day.month, day.day) in _YEAR_END:
        return DayInJapan.YEAR_END
    return DayInJapan.WEEKEND if day.weekday() >= _SATURDAY else DayInJapan.WEEKDAY


def is_business_day(day: date) -> bool:
    return day_in_japan(day) is DayInJapan.WEEKDAY


def holiday_name(day: date, locale: str) -> str | None:
    return _holidays(day.year, locale).get(day)


@lru_cache(maxsize=64)
def _holidays(year: int, locale: str = DEFAULT_LOCALE) -> Mapping[date, str]:
    return dict(holidays.country_holidays("JP", years=year, language=_LANGUAGES[locale]))
