"""The envelope of every event, the base of event payloads, and the events of the kit's own mechanisms."""

from datetime import datetime
from typing import Any, ClassVar, Final, Self, TypeVar
from uuid import UUID

import orjson
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

AUDIT_TOPIC: Final = "audit.events"
DEAD_LETTER_TOPIC: Final = "dead-letter"


class EventPayload(BaseModel):
    """``data`` of an event: camelCase JSON. A reader ignores unknown fields, so adding one is compatible."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True, from_attributes=True
    )

    event_type: ClassVar[str]
    topic: ClassVar[str]
    schema_version: ClassVar[int] = 1


PayloadT = TypeVar("PayloadT", bound=EventPayload)


class Envelope(BaseModel):
    """One event as it travels. ``aggregate_version`` is None on facts that change no state."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True)

    event_id: UUID
    event_type: str = Field(min_length=1)
    timestamp: datetime
    data: dict[str, Any]
    schema_version: int = 1
    aggregate_id: UUID
    aggregate_version: int | None = None
    actor_id: UUID | None = None
    process_id: UUID | None = None
    traceparent: str | None = None

    @classmethod
    def from_json(cls, body: bytes) -> Self:
        """Raises ValueError (pydantic's ValidationError is one) for what is not an envelope."""
        return cls.model_validate_json(body)

    def to_json(self) -> bytes:
        return orjson.dumps(self.model_dump(by_alias=True))

    def payload(self, model: type[PayloadT]) -> PayloadT:
        """``data`` as the typed payload."""
        return model.model_validate(self.data)


class AuditRecorded(EventPayload):
    """An audit entry of one service on its way into auth's chained log."""

    topic: ClassVar[str] = AUDIT_TOPIC
    event_type: ClassVar[str] = "audit.recorded"

    audit_id: UUID
    service: str
    at: datetime
    actor_id: UUID | None
    on_behalf_of: UUID | None
    action: str
    resource_type: str
    resource_id: UUID | None
    outcome: str
    ip: str | None
    request_id: str | None
    process_id: UUID | None
    detail: dict[str, Any] | None


class DeadLettered(EventPayload):
    """Mirror of a dead-letter row: what a consumer could not apply."""

    topic: ClassVar[str] = DEAD_LETTER_TOPIC
    event_type: ClassVar[str] = "dead_letter.recorded"

    dead_letter_id: UUID
    consumer: str
    event_id: UUID | None
    original_type: str | None
    reason: str
    source_topic: str
    source_partition: int
    source_offset: int
    attempts: int
