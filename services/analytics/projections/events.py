"""What a projection needs of an event: the consumer brings envelopes, a rebuild the leaner raw form."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import orjson


class Event(Protocol):
    @property
    def event_type(self) -> str: ...
    @property
    def timestamp(self) -> datetime | str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def aggregate_id(self) -> UUID | str: ...
    @property
    def aggregate_version(self) -> int | None: ...


class RawEvent(NamedTuple):
    """A record of Kafka, parsed but not validated: PostgreSQL's own types check what a rebuild inserts."""

    event_type: str
    timestamp: str
    data: Mapping[str, Any]
    aggregate_id: str
    aggregate_version: int | None

    @classmethod
    def from_json(cls, body: bytes) -> "RawEvent":
        """Raises ValueError or KeyError for anything that is not an envelope."""
        record = orjson.loads(body)
        return cls(
            record["eventType"],
            record["timestamp"],
            record["data"],
            record["aggregateId"],
            record.get("aggregateVersion"),
        )
