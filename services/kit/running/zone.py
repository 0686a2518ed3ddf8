"""The one place that decides in which time zone users live: what "today" is, what a time without an offset means."""

from datetime import UTC, date, datetime
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from services.kit.running import clock

USER_TIME_ZONE: Final = ZoneInfo("Asia/Tokyo")
"""Of everybody, until users can choose their own (domain model, Meeting and Task)."""


def today() -> date:
    """The calendar day that it is for the user now."""
    return local(clock.now()).date()


def local(instant: datetime) -> datetime:
    """An aware instant on the user's clock."""
    return instant.astimezone(USER_TIME_ZONE)


def from_local(time: datetime) -> datetime:
    """The instant, in UTC; a time without an offset is one on the user's clock.

    Raises OverflowError at the ends of the calendar.
    """
    return (time if time.tzinfo is not None else time.replace(tzinfo=USER_TIME_ZONE)).astimezone(UTC)


def _on_the_users_clock(value: datetime) -> datetime:
    try:
        return from_local(value)
    except OverflowError as error:
        raise PydanticCustomError("time_range", "Value is too close to an end of the calendar") from error


LocalTime = Annotated[datetime, AfterValidator(_on_the_users_clock)]
"""A bound of a list: an instant in UTC. Without an offset it is a time where the user is, a date alone its midnight."""
