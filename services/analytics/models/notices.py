"""Notifications, and who wants which."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Column, Identity, Index, Integer, Text, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.analytics.models.base import AnalyticsModel, instant, words


class Notification(AnalyticsModel, table=True):
    """``source_id`` is the event, or the process of which one notification tells all. ``closed_at``: what it is about
    was over, and nobody had read it."""

    __tablename__ = "notifications"
    __table_args__ = (
        Index("notifications_once", "source_id", "recipient_id", "channel", unique=True),
        Index("notifications_list", "recipient_id", "seq", postgresql_where=text("deleted_at IS NULL")),
        Index(
            "notifications_unread",
            "recipient_id",
            postgresql_where=text("deleted_at IS NULL AND read_at IS NULL"),
        ),
        Index("notifications_seq", "seq", unique=True),
        Index("notifications_closed", "closed_at", postgresql_where=text("closed_at IS NOT NULL")),
        Index(
            "notifications_resource",
            "resource_id",
            postgresql_where=text("deleted_at IS NULL AND read_at IS NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    seq: int = Field(sa_column=Column(BigInteger, Identity(always=True), nullable=False))
    source_id: UUID
    recipient_id: UUID
    channel: str = words()
    type: str = words()
    params: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    resource_type: str = words()
    resource_id: UUID
    customer_id: UUID | None
    created_at: datetime = instant()
    read_at: datetime | None = instant(nullable=True)
    deleted_at: datetime | None = instant(nullable=True)
    closed_at: datetime | None = instant(nullable=True)
    event_version: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("1")))


class NotificationPreference(AnalyticsModel, table=True):
    """Absent: the type is on in the app. ``mail`` None: as the firm has it."""

    __tablename__ = "notification_preferences"

    user_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True, sa_type=Text)
    in_app: bool
    mail: bool | None
    updated_at: datetime = instant()


class NotificationDefault(AnalyticsModel, table=True):
    """What the firm has changed of the defaults that we ship."""

    __tablename__ = "notification_defaults"

    type: str = Field(primary_key=True, sa_type=Text)
    mail: bool
    updated_at: datetime = instant()
