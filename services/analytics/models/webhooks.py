"""Webhooks: where events are told, and what was delivered."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, LargeBinary, Text, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.analytics.models.base import AnalyticsModel, instant, words


class WebhookEndpoint(AnalyticsModel, table=True):
    """Secrets are sealed. ``failing_since``: the first failure after the last success."""

    __tablename__ = "webhook_endpoints"

    id: UUID = Field(primary_key=True)
    url: str = words()
    description: str = words()
    event_types: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    active: bool
    secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    previous_secret: bytes | None = Field(sa_column=Column(LargeBinary, nullable=True))
    previous_until: datetime | None = instant(nullable=True)
    failing_since: datetime | None = instant(nullable=True)
    disabled_reason: str | None = words()
    version: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("1")))
    created_at: datetime = instant()
    updated_at: datetime = instant()


class WebhookDelivery(AnalyticsModel, table=True):
    """``next_at``: when it is tried (again); None once that is over. The rest is of the last try."""

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("webhook_deliveries_once", "endpoint_id", "event_id", unique=True),
        Index("webhook_deliveries_list", "endpoint_id", "seq"),
        Index("webhook_deliveries_next", "next_at", postgresql_where=text("next_at IS NOT NULL")),
        Index("webhook_deliveries_created", "created_at"),
    )

    id: UUID = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    endpoint_id: UUID
    event_id: UUID
    event_type: str = words()
    body: str = words()
    state: str = words()
    attempts: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    created_at: datetime = instant()
    next_at: datetime | None = instant(nullable=True)
    tried_at: datetime | None = instant(nullable=True)
    duration_ms: int | None
    status: int | None
    answer: str | None = words()
    reason: str | None = words()
