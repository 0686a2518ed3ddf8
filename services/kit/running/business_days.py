"""Business days in Japan (Asia/Tokyo).

Neither Saturday, Sunday nor a holiday (国民の祝日, library ``holidays``), nor one of the days from 31 December to
3 January on which the exchanges are closed.
"""

from datetime import date
from functools import lru_cache
from typing import Final

import holidays

_SATURDAY: Final = 5
_YEAR_END: Final = frozenset({(12, 31), (1, 1), (1, 2), (1, 3)})


@lru_cache(maxsize=4096)
def is_business_day(day: date) -> bool:
    if day.weekday() >= _SATURDAY or (day.month, day.day) in _YEAR_END:
        return False
    return day not in _japan(day.year)


@lru_cache(maxsize=64)
def _japan(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year))
