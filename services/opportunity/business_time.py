"""Deadlines in hours, of the clock or of business days.

A business day is a day in Japan (Asia/Tokyo) that is neither Saturday, Sunday nor a holiday (国民の祝日, library
``holidays``), nor one of the days from 31 December to 3 January on which the exchanges are closed. Each counts
24 hours, so that a deadline of 24 h on a Friday afternoon falls on Monday afternoon.
"""

import math
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import holidays

TOKYO = ZoneInfo("Asia/Tokyo")
_DAY = timedelta(days=1)
_SATURDAY = 5
REMINDER_LEAD = timedelta(hours=24)
"""How long before the deadline a reminder goes out; half of the time given where that is shorter."""


@lru_cache(maxsize=4096)
def is_business_day(day: date) -> bool:
    if day.weekday() >= _SATURDAY or (day.month, day.day) in {(12, 31), (1, 1), (1, 2), (1, 3)}:
        return False
    return day not in _japan(day.year)


@lru_cache(maxsize=64)
def _japan(year: int) -> frozenset[date]:
    return frozenset(holidays.country_holidays("JP", years=year))


def after(start: datetime, span: timedelta, *, business_days: bool) -> datetime:
    """The moment when ``span`` has passed since ``start`` (both aware; the result in UTC as ``start`` is)."""
    if not business_days:
        return start + span
    moment, left = start.astimezone(TOKYO), span
    while True:
        midnight = datetime.combine(moment.date() + _DAY, time(), TOKYO)
        if is_business_day(moment.date()):
            if moment + left <= midnight:
                return (moment + left).astimezone(start.tzinfo)
            left -= midnight - moment
        moment = midnight


def between(start: datetime, end: datetime, *, business_days: bool) -> timedelta:
    """How much of the clock runs from ``start`` to ``end``; zero when ``end`` is not after ``start``."""
    if end <= start:
        return timedelta()
    if not business_days:
        return end - start
    moment, last, total = start.astimezone(TOKYO), end.astimezone(TOKYO), timedelta()
    while moment < last:
        midnight = datetime.combine(moment.date() + _DAY, time(), TOKYO)
        if is_business_day(moment.date()):
            total += min(midnight, last) - moment
        moment = midnight
    return total


def days_left(now: datetime, deadline: datetime) -> int:
    """Business days until the deadline, a day that has begun counted whole; 0 once it has passed."""
    return math.ceil(between(now, deadline, business_days=True) / _DAY)


def reminder_before(deadline: datetime, deadline_hours: int) -> datetime:
    return deadline - min(REMINDER_LEAD, timedelta(hours=deadline_hours) / 2)
