"""Due dates: how a client may write one, when it counts as soon, when as over."""

import re
from datetime import UTC, date, datetime, time
from typing import Annotated, Any

from pydantic import AfterValidator, AwareDatetime, BeforeValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

from services.kit.running import zone

END_OF_DAY = time(23, 59, 59)
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
"""Beyond it a timer's delay would not fit into Temporal's 64-bit nanoseconds."""
MAX_LEAD_HOURS = 24 * 366

_DATE_ALONE = re.compile(r"\d{4}-\d{2}-\d{2}")


def end_of_day(day: date) -> datetime:
    """The last second of that day where the user is, in UTC."""
    return datetime.combine(day, END_OF_DAY, zone.USER_TIME_ZONE).astimezone(UTC)


def _date_alone(value: Any) -> Any:
    if isinstance(value, str) and _DATE_ALONE.fullmatch(value):
        try:
            return end_of_day(date.fromisoformat(value))
        except (ValueError, OverflowError) as error:
            raise PydanticCustomError("date_parsing", "Value should be a valid date") from error
    return value


def _in_range(value: datetime) -> datetime:
    if not EARLIEST <= value < LATEST:
        raise PydanticCustomError("time_range", "Value should be between the years 2000 and 2099")
    return value.astimezone(UTC)


Instant = Annotated[AwareDatetime, AfterValidator(_in_range)]
"""RFC 3339 with an offset, within the years that the service handles."""
Bound = Annotated[zone.LocalTime, AfterValidator(_in_range)]
"""Of a list: without an offset a time where the user is."""
DueDate = Annotated[
    Instant,
    BeforeValidator(_date_alone),
    WithJsonSchema(
        {
            "anyOf": [{"type": "string", "format": "date-time"}, {"type": "string", "format": "date"}],
            "description": "A date alone means the end of that day in Asia/Tokyo.",
        }
    ),
]
