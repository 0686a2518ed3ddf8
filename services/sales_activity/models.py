"""Tables of the sales activity service."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Boolean, CheckConstraint, Column, Computed, Date, DateTime, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.contracts.states import MeetingState, TaskPriority, TaskState

DEFAULT_LEAD_HOURS = 24
"""How long before the due date a task is announced, unless its owner chose otherwise (domain model)."""


class SalesActivityModel(SQLModel, registry=registry()):
    """Base with this service's own metadata: SQLModel would share one among all services."""


def _time(*, nullable: bool = True) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _one_of(column: str, values: type[MeetingState] | type[TaskState] | type[TaskPriority]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


class Meeting(SalesActivityModel, table=True):
    """A meeting (商談・面談). `deleted_at` hides it; `hidden_by_process` names the process that did, if one did."""

    __tablename__ = "meetings"
    __table_args__ = (
        CheckConstraint(_one_of("state", MeetingState), name="meetings_state"),
        CheckConstraint("ends_at > starts_at", name="meetings_period"),
        Index("meetings_by_customer", "customer_id", "starts_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("meetings_by_user", "user_id", "starts_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("meetings_by_start", "starts_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index("meetings_by_creation", "created_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index(
            "meetings_search",
            text("search_grams(meeting_search_text(title, agenda, outcome))"),
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("meetings_by_attendee", "attendee_ids", postgresql_using="gin"),
        Index("meetings_hidden", "hidden_by_process", "id", postgresql_where=text("hidden_by_process IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID
    user_id: UUID
    attendee_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False, server_default=text("'{}'")))
    title: str = Field(sa_type=Text)
    starts_at: datetime = Field(sa_column=_time(nullable=False))
    ends_at: datetime = Field(sa_column=_time(nullable=False))
    place: str | None = Field(default=None, sa_type=Text)
    agenda: str | None = Field(default=None, sa_type=Text)
    outcome: str | None = Field(default=None, sa_type=Text)
    next_step: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    version: int
    event_version: int
    created_by: UUID | None = None
    created_at: datetime = Field(sa_column=_time(nullable=False))
    updated_at: datetime = Field(sa_column=_time(nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=_time())
    hidden_by_process: UUID | None = None


class Task(SalesActivityModel, table=True):
    """A task (タスク). `due_soon_for` and `overdue_for` hold the due date for which that was told already."""

    __tablename__ = "tasks"
    __table_args__ = (
        CheckConstraint(_one_of("state", TaskState), name="tasks_state"),
        CheckConstraint(_one_of("priority", TaskPriority), name="tasks_priority"),
        Index(
            "tasks_by_customer",
            "customer_id",
            text("coalesce(due_date, 'infinity'::timestamptz)"),
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "tasks_by_user",
            "user_id",
            text("coalesce(due_date, 'infinity'::timestamptz)"),
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index(
            "tasks_by_due_date",
            text("coalesce(due_date, 'infinity'::timestamptz)"),
            "id",
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("tasks_by_creation", "created_at", "id", postgresql_where=text("deleted_at IS NULL")),
        Index(
            "tasks_awaiting_due",
            "due_date",
            "id",
            postgresql_where=text("deleted_at IS NULL AND timed"),
        ),
        Index(
            "tasks_search",
            text("search_grams(task_search_text(title, description))"),
            postgresql_using="gin",
            postgresql_with={"gin_pending_list_limit": 512},
            postgresql_where=text("deleted_at IS NULL"),
        ),
        Index("tasks_hidden", "hidden_by_process", "id", postgresql_where=text("hidden_by_process IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    customer_id: UUID | None = None
    user_id: UUID
    title: str = Field(sa_type=Text)
    description: str | None = Field(default=None, sa_type=Text)
    priority: str = Field(sa_type=Text)
    due_date: datetime | None = Field(default=None, sa_column=_time())
    lead_hours: int = Field(sa_column=Column(Integer, nullable=False, server_default=text(str(DEFAULT_LEAD_HOURS))))
    state: str = Field(sa_type=Text)
    completed_at: datetime | None = Field(default=None, sa_column=_time())
    due_soon_for: datetime | None = Field(default=None, sa_column=_time())
    overdue_for: datetime | None = Field(default=None, sa_column=_time())
    timed: bool = Field(
        sa_column=Column(
            Boolean,
            Computed(
                "state IN ('OPEN', 'IN_PROGRESS') AND due_date IS NOT NULL AND overdue_for IS DISTINCT FROM due_date",
                persisted=True,
            ),
            nullable=False,
        )
    )
    """A timer has something left to tell about this task, unless it is deleted."""
    version: int
    event_version: int
    created_by: UUID | None = None
    created_at: datetime = Field(sa_column=_time(nullable=False))
    updated_at: datetime = Field(sa_column=_time(nullable=False))
    deleted_at: datetime | None = Field(default=None, sa_column=_time())
    hidden_by_process: UUID | None = None


class UserCopy(SalesActivityModel, table=True):
    """What this service knows of a user, from `user.events`."""

    __tablename__ = "user_copies"
    __table_args__ = (Index("user_copies_by_manager", "manager_id"),)

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    manager_id: UUID | None = None
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False, server_default=text("'{}'")))
    aggregate_version: int
    blocked_by_process: UUID | None = None


class CustomerCopy(SalesActivityModel, table=True):
    """What this service knows of a customer, from `customer.events`."""

    __tablename__ = "customer_copies"
    __table_args__ = (Index("customer_copies_by_sales", "assigned_sales_id"),)

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    kind: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    assigned_sales_id: UUID | None = None
    birth_date: date | None = Field(default=None, sa_type=Date)
    risk_tolerance: str | None = Field(default=None, sa_type=Text)
    aggregate_version: int
    blocked_by_process: UUID | None = None


class RequestCopy(SalesActivityModel, table=True):
    """Of an approval request, what tells who may read what was done for its customer."""

    __tablename__ = "request_copies"
    __table_args__ = (Index("request_copies_by_approver", "approver_ids", postgresql_using="gin"),)

    id: UUID = Field(primary_key=True)
    customer_id: UUID | None = None
    state: str = Field(sa_type=Text)
    approver_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    aggregate_version: int
    blocked_by_process: UUID | None = None


class ProxyCopy(SalesActivityModel, table=True):
    """Who stands in for whom in a half-open period. `ended`: by somebody, before its time."""

    __tablename__ = "proxy_copies"
    __table_args__ = (Index("proxy_copies_by_stand_in", "to_id", "ends_at"),)

    id: UUID = Field(primary_key=True)
    from_id: UUID
    to_id: UUID
    starts_at: datetime = Field(sa_column=_time(nullable=False))
    ends_at: datetime = Field(sa_column=_time(nullable=False))
    ended: bool


class Succession(SalesActivityModel, table=True):
    """Who took over from a user who left: rows that were hidden then find their owner here when they come back."""

    __tablename__ = "successions"
    __table_args__ = (Index("successions_by_user", "user_id", "at"),)

    process_id: UUID = Field(primary_key=True)
    user_id: UUID
    successor_id: UUID
    at: datetime = Field(sa_column=_time(nullable=False))
    undone_by: UUID | None = None


class Move(SalesActivityModel, table=True):
    """One record that a process moved from a user to another; `merged`: the successor attended already."""

    __tablename__ = "moves"
    __table_args__ = (
        CheckConstraint("kind IN ('task', 'meeting', 'attendance')", name="moves_kind"),
        Index("moves_open", "process_id", "kind", "record_id", postgresql_where=text("returned_by IS NULL")),
    )

    process_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True, sa_type=Text)
    record_id: UUID = Field(primary_key=True)
    from_id: UUID
    to_id: UUID
    merged: bool = Field(default=False, sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    at: datetime = Field(sa_column=_time(nullable=False))
    returned_by: UUID | None = None
