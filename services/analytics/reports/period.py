"""The period of a report: dates in the reader's time zone, cut into days, weeks or months."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final
from zoneinfo import ZoneInfo, available_timezones

from services.analytics.errors import period_invalid, too_many_parts, unknown_time_zone
from services.kit.running.zone import USER_TIME_ZONE

DEFAULT_TIME_ZONE: Final = USER_TIME_ZONE.key
MAX_BUCKETS: Final = 120
"""So many parts of a period at most: each costs a look at the state as it was at its end."""
MAX_DAYS: Final = 3_660
EARLIEST: Final = date(1970, 1, 1)
LATEST: Final = date(2200, 1, 1)


class GroupBy(StrEnum):
    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Bucket:
    """From the first date up to, not including, the second; the instants are the midnights in the time zone."""

    first: date
    end: date
    start_at: datetime
    end_at: datetime

    def as_json(self) -> dict[str, str]:
        return {"from": self.first.isoformat(), "to": self.end.isoformat()}


@dataclass(frozen=True, slots=True)
class Period:
    first: date
    end: date
    time_zone: ZoneInfo

    @classmethod
    def of(cls, first: date, end: date, time_zone: str) -> "Period":
        """Raises Unprocessable for an empty or overlong period, or an unknown time zone."""
        if time_zone not in available_timezones():
            raise unknown_time_zone()
        if not (EARLIEST <= first < end <= LATEST and end - first <= timedelta(days=MAX_DAYS)):
            raise period_invalid()
        return cls(first, end, ZoneInfo(time_zone))

    def whole(self) -> Bucket:
        return self._bucket(self.first, self.end)

    def buckets(self, group_by: GroupBy) -> list[Bucket]:
        """The parts of the period, the first and the last cut off at its bounds. Weeks start on Monday (ISO 8601)."""
        parts: list[Bucket] = []
        first = self.first
        while first < self.end:
            following = min(_following(first, group_by), self.end)
            parts.append(self._bucket(first, following))
            first = following
            if len(parts) > MAX_BUCKETS:
                raise too_many_parts(MAX_BUCKETS)
        return parts

    def _bucket(self, first: date, end: date) -> Bucket:
        return Bucket(first, end, self._midnight(first), self._midnight(end))

    def _midnight(self, day: date) -> datetime:
        return datetime.combine(day, time.min, self.time_zone).astimezone(UTC)


def _following(first: date, group_by: GroupBy) -> date:
    if group_by is GroupBy.DAY:
        return first + timedelta(days=1)
    if group_by is GroupBy.WEEK:
        return first + timedelta(days=7 - first.weekday())
    return (first.replace(day=1) + timedelta(days=32)).replace(day=1)


def parameters(buckets: Sequence[Bucket], now: datetime) -> dict[str, Any]:
    """The buckets as SQL takes them. ``at``: the end, or the present where the end is still to come."""
    return {
        "starts": [bucket.start_at for bucket in buckets],
        "ends": [bucket.end_at for bucket in buckets],
        "ats": [min(bucket.end_at, now) for bucket in buckets],
        "now": now,
    }
