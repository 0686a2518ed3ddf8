"""One decision on many requests: the batch, and what became of each item."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, ForeignKeyConstraint, Index, Text, UniqueConstraint
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import TEXTS, TIME, OpportunityModel


class BulkDecisionRow(OpportunityModel, table=True):
    __tablename__ = "bulk_decisions"
    __table_args__ = (
        CheckConstraint("attempt > 0"),
        Index("bulk_decisions_actor", "actor_id", "created_at", "id"),
        Index("bulk_decisions_all", "created_at", "id"),
        Index("bulk_decisions_changed", "changed_at"),
    )

    id: UUID = Field(primary_key=True)
    actor_id: UUID
    decision: str = Field(sa_type=Text)
    comment: str | None = Field(sa_type=Text)
    attempt: int
    process_id: UUID
    """Of the newest attempt."""
    ip: str | None = Field(sa_type=Text)
    request_id: str | None = Field(sa_type=Text)
    """From where it was asked for: what the audit log says of each item."""
    created_at: datetime = Field(sa_type=TIME)
    changed_at: datetime = Field(sa_type=TIME)
    """When its newest attempt was asked for, or its rest was cancelled."""
    cancelled_at: datetime | None = Field(sa_type=TIME)


class BulkItemRow(OpportunityModel, table=True):
    __tablename__ = "bulk_decision_items"
    __table_args__ = (
        ForeignKeyConstraint(["batch_id"], ["bulk_decisions.id"], ondelete="CASCADE"),
        UniqueConstraint("batch_id", "approval_id"),
        CheckConstraint("(status = 'WAITING') = (ended_at IS NULL)"),
    )

    batch_id: UUID = Field(primary_key=True)
    position: int = Field(primary_key=True)
    approval_id: UUID
    """As it was asked for; there may be no such request."""
    revision: int | None
    stage: int | None
    """What the caller looked at, or what the request was when they asked."""
    acknowledged_flags: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    attempt: int
    """Of the batch, in which it was tried last."""
    status: str = Field(sa_type=Text)
    problem: dict[str, Any] | None = Field(sa_column=Column(JSONB))
    """What it met, in both languages."""
    ended_at: datetime | None = Field(sa_type=TIME)
