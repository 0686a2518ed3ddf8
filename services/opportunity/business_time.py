"""Deadlines in hours, of the clock or of business days.

Each business day counts 24 hours, so that a deadline of 24 h on a Friday afternoon falls on Monday afternoon.
"""

import math
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.kit.running.business_days import is_business_day

TOKYO = ZoneInfo("Asia/Tokyo")
_DAY = timedelta(days=1)
REMINDER_LEAD = timedelta(hours=24)
"""How long before the deadline a reminder goes out; half of the time given where that is shorter."""


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
