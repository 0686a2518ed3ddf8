"""Business days counted hour by hour from lists that were typed in: slow, and it shares nothing with the service."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

JST: Final = ZoneInfo("Asia/Tokyo")
HOLIDAYS: Final = {
    2026: "0101 0112 0211 0223 0320 0429 0503 0504 0505 0506 0720 0811 0921 0922 0923 1012 1103 1123",
    2027: "0101 0111 0211 0223 0321 0322 0429 0503 0504 0505 0719 0811 0920 0923 1011 1103 1123",
}
"""As the Cabinet Office of Japan published them (国民の祝日について), substitute holidays included."""
CLOSED: Final = frozenset(
    date(year, int(text[:2]), int(text[2:])) for year, texts in HOLIDAYS.items() for text in texts.split()
)
_YEAR_END: Final = ("12-31", "01-01", "01-02", "01-03")


def is_open(day: date, firm: Mapping[date, bool]) -> bool:
    if day in firm:
        return firm[day]
    return day.isoweekday() <= 5 and day not in CLOSED and day.isoformat()[5:] not in _YEAR_END


def deadline(start: datetime, hours: int, firm: Mapping[date, bool]) -> datetime:
    """When so many hours of business days have passed since the full hour ``start``, which is in Japan."""
    moment = start
    while hours > 0:
        hours -= is_open(moment.date(), firm)
        moment += timedelta(hours=1)
    return moment
