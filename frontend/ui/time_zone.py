"""The time zone of the office: the only place that knows in which zone days and clocks of the screens are."""

from __future__ import annotations

from datetime import date, datetime, time
from zoneinfo import ZoneInfo

OFFICE_ZONE = ZoneInfo("Asia/Tokyo")


def parse_time(value: str | datetime | None) -> datetime | None:
    """An aware time from RFC 3339."""
    if value is None or isinstance(value, datetime):
        return value
    return datetime.fromisoformat(value)


def office_now() -> datetime:
    return datetime.now(OFFICE_ZONE)


def local(value: str | datetime | None) -> datetime | None:
    moment = parse_time(value)
    return moment.astimezone(OFFICE_ZONE) if moment else None


def office_time(day: str, clock: str) -> datetime | None:
    """The moment that a date field and a time field mean; None unless both can be read."""
    try:
        return datetime.combine(date.fromisoformat(day), time.fromisoformat(clock), OFFICE_ZONE)
    except ValueError:
        return None


def day_and_clock(moment: str | datetime | None) -> tuple[str, str]:
    """The two fields of a moment; both empty for none."""
    then = local(moment)
    return (then.date().isoformat(), f"{then:%H:%M}") if then else ("", "")
