"""The read models: histories by version, figures and processes, in a schema of their own."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Index, Numeric, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlmodel import Field

from services.analytics.models.base import READ_MODEL, AnalyticsModel, instant, words


class UserHistory(AnalyticsModel, table=True):
    __tablename__ = "user_history"
    __table_args__ = (Index("user_history_valid", "user_id", "valid_to"), {"schema": READ_MODEL})

    user_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_type: str = words()
    valid_from: datetime = instant()
    valid_to: datetime = instant(default="'infinity'")
    state: str = words()
    manager_id: UUID | None
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))


class CustomerHistory(AnalyticsModel, table=True):
    __tablename__ = "customer_history"
    __table_args__ = (
        Index("customer_history_valid", "valid_to"),
        Index("customer_history_created", "created_at", postgresql_where=text("valid_to = 'infinity'")),
        Index(
            "customer_history_moves",
            "valid_from",
            postgresql_where=text("event_type IN ('customer.deleted', 'customer.restored')"),
        ),
        {"schema": READ_MODEL},
    )

    customer_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_type: str = words()
    valid_from: datetime = instant()
    valid_to: datetime = instant(default="'infinity'")
    state: str = words()
    kind: str = words()
    assigned_sales_id: UUID
    birth_date: date | None
    risk_tolerance: str | None = words()
    assets_band: str | None = words()
    profile_complete: bool = Field(sa_column=Column(Boolean, nullable=False))
    profile_reviewed_at: datetime | None = instant(nullable=True)
    created_at: datetime = instant()


class MeetingHistory(AnalyticsModel, table=True):
    __tablename__ = "meeting_history"
    __table_args__ = (
        Index("meeting_history_starts", "starts_at"),
        Index("meeting_history_held", "customer_id", "starts_at", postgresql_where=text("state = 'HELD'")),
        {"schema": READ_MODEL},
    )

    meeting_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_type: str = words()
    valid_from: datetime = instant()
    valid_to: datetime = instant(default="'infinity'")
    customer_id: UUID
    user_id: UUID
    state: str = words()
    starts_at: datetime = instant()
    deleted: bool


class TaskHistory(AnalyticsModel, table=True):
    __tablename__ = "task_history"
    __table_args__ = (
        Index("task_history_due", "due_date"),
        Index(
            "task_history_open",
            "due_date",
            postgresql_where=text("valid_to = 'infinity' AND state IN ('OPEN', 'IN_PROGRESS')"),
        ),
        {"schema": READ_MODEL},
    )

    task_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_type: str = words()
    valid_from: datetime = instant()
    valid_to: datetime = instant(default="'infinity'")
    customer_id: UUID | None
    user_id: UUID
    state: str = words()
    due_date: datetime | None = instant(nullable=True)
    completed_at: datetime | None = instant(nullable=True)
    deleted: bool


class ApprovalHistory(AnalyticsModel, table=True):
    __tablename__ = "approval_history"
    __table_args__ = (
        Index("approval_history_submitted", "submitted_at"),
        Index("approval_history_decided", "decided_at"),
        Index("approval_history_acted", "acted_by", "valid_from"),
        Index(
            "approval_history_open",
            "valid_to",
            postgresql_where=text("state IN ('PENDING', 'RETURNED', 'ON_HOLD')"),
        ),
        {"schema": READ_MODEL},
    )

    approval_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_type: str = words()
    valid_from: datetime = instant()
    valid_to: datetime = instant(default="'infinity'")
    customer_id: UUID | None
    requester_id: UUID
    owner_id: UUID
    kind: str = words()
    amount: Decimal | None = Field(sa_type=Numeric)
    currency: str = words()
    state: str = words()
    generation: int
    revision: int
    stage: int
    approver_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    waiting_for: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    opinion_from: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False, server_default=text("'{}'")))
    deadline_at: datetime | None = instant(nullable=True)
    previous_id: UUID | None
    submitted_at: datetime | None = instant(nullable=True)
    decided_at: datetime | None = instant(nullable=True)
    acted_by: UUID | None


class AggregatedMetric(AnalyticsModel, table=True):
    """``currency``: of the amount; empty for events without one."""

    __tablename__ = "aggregated_metrics"
    __table_args__ = ({"schema": READ_MODEL},)

    metric: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    rep_id: UUID = Field(primary_key=True)
    currency: str = Field(primary_key=True, sa_type=Text)
    count: int = Field(sa_type=BigInteger)
    amount: Decimal = Field(sa_type=Numeric)


class ProcessView(AnalyticsModel, table=True):
    """The newest version of each process, as its home service published it."""

    __tablename__ = "process_views"
    __table_args__ = (
        Index("process_views_started", "started_at", "process_id"),
        Index("process_views_resource", "resource_id", "started_at"),
        {"schema": READ_MODEL},
    )

    process_id: UUID = Field(primary_key=True)
    version: int
    workflow_id: str = words()
    type: str = words()
    resource_id: UUID
    actor_id: UUID | None
    status: str = words()
    detail: str | None = words()
    steps: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    progress: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    started_at: datetime = instant()
    finished_at: datetime | None = instant(nullable=True)


class ProjectionRevision(AnalyticsModel, table=True):
    """Counts the changes of a projection: a cached answer is good as long as the counts that it was made at."""

    __tablename__ = "projection_revisions"

    projection: str = Field(primary_key=True, sa_type=Text)
    revision: int = Field(sa_type=BigInteger)
    last_event_at: datetime = instant()
