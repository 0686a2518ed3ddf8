"""What each person makes of their inbox."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Index, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import TIME, OpportunityModel


class InboxView(OpportunityModel, table=True):
    __tablename__ = "inbox_views"
    __table_args__ = (
        UniqueConstraint("user_id", "name_key"),
        Index("inbox_views_default", "user_id", unique=True, postgresql_where=text("is_default")),
    )

    id: UUID = Field(primary_key=True)
    user_id: UUID
    name: str = Field(sa_type=Text)
    name_key: str = Field(sa_type=Text)
    """The name folded: two that look alike to a search are one."""
    filter: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    is_default: bool
    version: int
    created_at: datetime = Field(sa_type=TIME)
    updated_at: datetime = Field(sa_type=TIME)


class InboxSnooze(OpportunityModel, table=True):
    """A request that somebody has set aside. It wakes by conditions on the request, not by a timer."""

    __tablename__ = "inbox_snoozes"
    __table_args__ = (
        Index("inbox_snoozes_approval", "approval_id"),
        Index("inbox_snoozes_until", "until"),
    )

    user_id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(primary_key=True, foreign_key="approvals.id")
    until: datetime = Field(sa_type=TIME)
    history_length: int
    """Of the request when it was set aside: whatever happens to it afterwards wakes it."""
    created_at: datetime = Field(sa_type=TIME)
