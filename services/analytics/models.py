"""Tables of the analytics database. The read models stand in a schema of their own, so that a rebuilt one can replace
all of them at once; notifications, preferences and the reference copies are no read models and stay where they are."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, DateTime, Identity, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

READ_MODEL: Final = "read_model"
"""The schema that reports read."""


class AnalyticsModel(SQLModel, registry=registry()):
    """Base of this service's tables; its metadata is what migrations are compared with."""


def _instant(*, nullable: bool = False, default: str | None = None) -> Any:
    return Field(sa_column=Column(DateTime(timezone=True), nullable=nullable, server_default=default and text(default)))


def _text() -> Any:
    return Field(sa_type=Text)


class UserHistory(AnalyticsModel, table=True):
    __tablename__ = "user_history"
    __table_args__ = (Index("user_history_valid", "user_id", "valid_to"), {"schema": READ_MODEL})

    user_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_type: str = _text()
    valid_from: datetime = _instant()
    valid_to: datetime = _instant(default="'infinity'")
    state: str = _text()
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
    event_type: str = _text()
    valid_from: datetime = _instant()
    valid_to: datetime = _instant(default="'infinity'")
    state: str = _text()
    kind: str = _text()
    assigned_sales_id: UUID
    birth_date: date | None
    risk_tolerance: str | None = _text()
    assets_band: str | None = _text()
    profile_complete: bool = Field(sa_column=Column(Boolean, nullable=False))
    profile_reviewed_at: datetime | None = _instant(nullable=True)
    created_at: datetime = _instant()


class MeetingHistory(AnalyticsModel, table=True):
    __tablename__ = "meeting_history"
    __table_args__ = (
        Index("meeting_history_starts", "starts_at"),
        Index("meeting_history_held", "customer_id", "starts_at", postgresql_where=text("state = 'HELD'")),
        {"schema": READ_MODEL},
    )

    meeting_id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    event_type: str = _text()
    valid_from: datetime = _instant()
    valid_to: datetime = _instant(default="'infinity'")
    customer_id: UUID
    user_id: UUID
    state: str = _text()
    starts_at: datetime = _instant()
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
    event_type: str = _text()
    valid_from: datetime = _instant()
    valid_to: datetime = _instant(default="'infinity'")
    customer_id: UUID | None
    user_id: UUID
    state: str = _text()
    due_date: datetime | None = _instant(nullable=True)
    completed_at: datetime | None = _instant(nullable=True)
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
    event_type: str = _text()
    valid_from: datetime = _instant()
    valid_to: datetime = _instant(default="'infinity'")
    customer_id: UUID | None
    requester_id: UUID
    owner_id: UUID
    kind: str = _text()
    amount: int | None = Field(sa_type=BigInteger)
    currency: str = _text()
    state: str = _text()
    generation: int
    revision: int
    stage: int
    approver_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    waiting_for: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    opinion_from: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False, server_default=text("'{}'")))
    deadline_at: datetime | None = _instant(nullable=True)
    previous_id: UUID | None
    submitted_at: datetime | None = _instant(nullable=True)
    decided_at: datetime | None = _instant(nullable=True)
    acted_by: UUID | None


class AggregatedMetric(AnalyticsModel, table=True):
    """``currency``: of the amount; empty for events without one."""

    __tablename__ = "aggregated_metrics"
    __table_args__ = {"schema": READ_MODEL}

    metric: str = Field(primary_key=True, sa_type=Text)
    day: date = Field(primary_key=True)
    rep_id: UUID = Field(primary_key=True)
    currency: str = Field(primary_key=True, sa_type=Text)
    count: int = Field(sa_type=BigInteger)
    amount: int = Field(sa_type=BigInteger)


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
    workflow_id: str = _text()
    type: str = _text()
    resource_id: UUID
    actor_id: UUID | None
    status: str = _text()
    detail: str | None = _text()
    steps: list[Any] = Field(sa_column=Column(JSONB, nullable=False))
    progress: dict[str, int] = Field(sa_column=Column(JSONB, nullable=False))
    started_at: datetime = _instant()
    finished_at: datetime | None = _instant(nullable=True)


class ProjectionRevision(AnalyticsModel, table=True):
    """Counts the changes of a projection: a cached answer is good as long as the counts that it was made at."""

    __tablename__ = "projection_revisions"

    projection: str = Field(primary_key=True, sa_type=Text)
    revision: int = Field(sa_type=BigInteger)
    last_event_at: datetime = _instant()


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
    channel: str = _text()
    type: str = _text()
    params: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    resource_type: str = _text()
    resource_id: UUID
    customer_id: UUID | None
    created_at: datetime = _instant()
    read_at: datetime | None = _instant(nullable=True)
    deleted_at: datetime | None = _instant(nullable=True)
    closed_at: datetime | None = _instant(nullable=True)
    event_version: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("1")))


class NotificationPreference(AnalyticsModel, table=True):
    """Absent: the type is on."""

    __tablename__ = "notification_preferences"

    user_id: UUID = Field(primary_key=True)
    type: str = Field(primary_key=True, sa_type=Text)
    in_app: bool
    updated_at: datetime = _instant()


class UserCopy(AnalyticsModel, table=True):
    """What rights and group names need of a user; the newest version wins."""

    __tablename__ = "user_copies"
    __table_args__ = (Index("user_copies_manager", "manager_id"),)

    id: UUID = Field(primary_key=True)
    name: str = _text()
    state: str = _text()
    manager_id: UUID | None
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    aggregate_version: int
    blocked_by_process: UUID | None


class CustomerCopy(AnalyticsModel, table=True):
    __tablename__ = "customer_copies"

    id: UUID = Field(primary_key=True)
    name: str = _text()
    state: str = _text()
    assigned_sales_id: UUID
    aggregate_version: int
    blocked_by_process: UUID | None


class ApprovalCopy(AnalyticsModel, table=True):
    """What the list of processes calls a request."""

    __tablename__ = "approval_copies"

    id: UUID = Field(primary_key=True)
    number: str = _text()
    aggregate_version: int
    blocked_by_process: UUID | None
