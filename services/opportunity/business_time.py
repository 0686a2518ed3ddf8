"""Deadlines in hours, of the clock or of business days.

Days are those of Japan (Asia/Tokyo). Each business day counts 24 hours, so that a deadline of 24 h on a Friday
afternoon falls on Monday afternoon. Where there is no calendar, every hour counts.
"""

import math
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.opportunity.business_calendar import Calendar

TOKYO = ZoneInfo("Asia/Tokyo")
_DAY = timedelta(days=1)
REMINDER_LEAD = timedelta(hours=24)
"""How long before the deadline a reminder goes out; half of the time given where that is shorter."""


def after(start: datetime, span: timedelta, calendar: Calendar | None) -> datetime:
    """The moment when ``span`` has passed since ``start`` (both aware; the result in UTC as ``start`` is)."""
    if calendar is None:
        return start + span
    moment, left = start.astimezone(TOKYO), span
    while True:
        midnight = datetime.combine(moment.date() + _DAY, time(), TOKYO)
        if calendar.is_business_day(moment.date()):
            if moment + left <= midnight:
                return (moment + left).astimezone(start.tzinfo)
            left -= midnight - moment
        moment = midnight


def between(start: datetime, end: datetime, calendar: Calendar | None) -> timedelta:
    """How much of the clock runs from ``start`` to ``end``; zero when ``end`` is not after ``start``."""
    if end <= start:
        return timedelta()
    if calendar is None:
        return end - start
    moment, last, total = start.astimezone(TOKYO), end.astimezone(TOKYO), timedelta()
    while moment < last:
        midnight = datetime.combine(moment.date() + _DAY, time(), TOKYO)
        if calendar.is_business_day(moment.date()):
            total += min(midnight, last) - moment
        moment = midnight
    return total


def days_left(now: datetime, deadline: datetime, calendar: Calendar) -> int:
    """Business days until the deadline, a day that has begun counted whole; 0 once it has passed."""
    return math.ceil(between(now, deadline, calendar) / _DAY)


def reminder_before(deadline: datetime, deadline_hours: int) -> datetime:
    return deadline - min(REMINDER_LEAD, timedelta(hours=deadline_hours) / 2)
