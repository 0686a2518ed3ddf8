"""Tables of the opportunity service."""

from datetime import date, datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Computed,
    DateTime,
    Float,
    Index,
    Integer,
    Text,
    UniqueConstraint,
    Uuid,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

_TIME = DateTime(timezone=True)
_TEXTS = ARRAY(Text)
_UUIDS = ARRAY(Uuid)
_PENDING = {"gin_pending_list_limit": 512}
"""KiB of new entries that wait for their place in the index: a search reads them too, so they stay few."""


def _computed(kind: Any, expression: str) -> Column[Any]:
    """For searches only; nothing reads it into a record."""
    return Column(kind, Computed(expression, persisted=True), nullable=False)


class OpportunityModel(SQLModel, registry=registry()):
    """Base with this service's own metadata: SQLModel would share one among all services."""


class UserCopy(OpportunityModel, table=True):
    __tablename__ = "user_copies"
    __table_args__ = (Index("user_copies_manager", "manager_id"),)

    id: UUID = Field(primary_key=True)
    name: str | None = Field(sa_type=Text)
    email: str | None = Field(sa_type=Text)
    state: str | None = Field(sa_type=Text)
    manager_id: UUID | None
    roles: list[str] | None = Field(sa_column=Column(_TEXTS))
    aggregate_version: int
    blocked_by_process: UUID | None


class CustomerCopy(OpportunityModel, table=True):
    __tablename__ = "customer_copies"
    __table_args__ = (
        Index("customer_copies_search", "search_grams", postgresql_using="gin", postgresql_with=_PENDING),
    )

    id: UUID = Field(primary_key=True)
    name: str | None = Field(sa_type=Text)
    kind: str | None = Field(sa_type=Text)
    relationship: str | None = Field(sa_type=Text)
    state: str | None = Field(sa_type=Text)
    assigned_sales_id: UUID | None
    birth_date: date | None
    risk_tolerance: str | None = Field(sa_type=Text)
    assets_band: str | None = Field(sa_type=Text)
    profile_complete: bool | None
    profile_reviewed_at: datetime | None = Field(sa_type=_TIME)
    aggregate_version: int
    blocked_by_process: UUID | None
    search_text: str = Field(sa_column=_computed(Text, "search_fold(name)"))
    search_grams: list[str] = Field(sa_column=_computed(_TEXTS, "search_grams(search_fold(name))"))


class ApprovalRow(OpportunityModel, table=True):
    """A request (承認申請); the one list of its columns. What they mean is told by ``record.Approval`` and
    ``machine.Progress``."""

    __tablename__ = "approvals"
    __table_args__ = (
        UniqueConstraint("number"),
        Index("approvals_created", "created_at", "id"),
        Index("approvals_search", "search_grams", postgresql_using="gin", postgresql_with=_PENDING),
        Index("approvals_requester", "requester_id", "created_at", "id"),
        Index("approvals_customer", "customer_id", "created_at", "id"),
        Index("approvals_state", "state", "created_at", "id"),
        Index("approvals_owner_state", "owner_id", "state"),
        Index("approvals_held_by", "held_by"),
        Index("approvals_cancelled_by", "cancelled_by"),
        Index("approvals_restored_by", "restored_by"),
        Index("approvals_previous", "previous_id", postgresql_where=text("previous_id IS NOT NULL")),
    )

    id: UUID = Field(primary_key=True)
    number: str = Field(sa_type=Text)
    customer_id: UUID | None
    requester_id: UUID
    owner_id: UUID
    kind: str = Field(sa_type=Text)
    title: str = Field(sa_type=Text)
    description: str = Field(sa_type=Text)
    amount: int | None = Field(sa_type=BigInteger)
    currency: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    state_before: str | None = Field(sa_type=Text)
    held_by: UUID | None
    cancelled_by: UUID | None
    restored_by: UUID | None
    generation: int
    revision: int
    stage: int
    stages: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    approved_by: list[UUID] = Field(sa_column=Column(_UUIDS, nullable=False))
    voted_by: list[UUID] = Field(sa_column=Column(_UUIDS, nullable=False))
    terms_changed: bool
    short_since: datetime | None = Field(sa_type=_TIME)
    flags: list[str] = Field(sa_column=Column(_TEXTS, nullable=False))
    route_id: UUID | None
    wish: dict[str, Any] | None = Field(sa_column=Column(JSONB))
    previous_id: UUID | None
    process_id: UUID | None
    deadline_at: datetime | None = Field(sa_type=_TIME)
    clock_left_seconds: float | None = Field(sa_type=Float(53))
    reminded_at: datetime | None = Field(sa_type=_TIME)
    escalated_at: datetime | None = Field(sa_type=_TIME)
    submitted_at: datetime | None = Field(sa_type=_TIME)
    decided_at: datetime | None = Field(sa_type=_TIME)
    decided_by: UUID | None
    history_length: int
    history_head: str = Field(sa_type=Text)
    version: int
    event_version: int
    created_at: datetime = Field(sa_type=_TIME)
    updated_at: datetime = Field(sa_type=_TIME)
    search_text: str = Field(sa_column=_computed(Text, "approval_search_text(number, title)"))
    search_grams: list[str] = Field(sa_column=_computed(_TEXTS, "search_grams(approval_search_text(number, title))"))


APPROVAL_COLUMNS: Final = tuple(column.name for column in inspect(ApprovalRow).columns if column.computed is None)
"""Without those that serve searches only."""


class Participant(OpportunityModel, table=True):
    """Who has a part in a request: REQUESTER, OWNER, APPROVER, ESCALATION, VIEWER, DECIDED, HANDED_ON."""

    __tablename__ = "approval_participants"
    __table_args__ = (
        Index("approval_participants_approval", "approval_id"),
        Index("approval_participants_by_time", "user_id", "created_at", "approval_id"),
    )

    user_id: UUID = Field(primary_key=True)
    relation: str = Field(sa_type=Text, primary_key=True)
    approval_id: UUID = Field(primary_key=True, foreign_key="approvals.id")
    created_at: datetime = Field(sa_type=_TIME)
    """The request's own, for lists in its order."""


class Waiting(OpportunityModel, table=True):
    """The inbox: one row for each vote that is awaited."""

    __tablename__ = "approval_waiting"
    __table_args__ = (
        Index("approval_waiting_since", "approver_id", "since", "approval_id"),
        Index("approval_waiting_deadline", "approver_id", "deadline_at", "approval_id"),
        Index("approval_waiting_approval", "approval_id"),
    )

    approver_id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(primary_key=True, foreign_key="approvals.id")
    since: datetime = Field(sa_type=_TIME)
    deadline_at: datetime = Field(sa_type=_TIME)


class Vote(OpportunityModel, table=True):
    __tablename__ = "approval_votes"

    approval_id: UUID = Field(primary_key=True, foreign_key="approvals.id")
    generation: int = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    stage: int = Field(primary_key=True)
    approver_id: UUID = Field(primary_key=True)
    """Whose vote it is."""
    voter_id: UUID
    """Who gave it: the approver, or their proxy."""
    decision: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=_TIME)


class HistoryRow(OpportunityModel, table=True):
    """One link of a request's chain; only ever inserted."""

    __tablename__ = "approval_history"
    __table_args__ = (
        UniqueConstraint("approval_id", "sequence"),
        Index(
            "approval_history_by_proxy",
            "on_behalf_of",
            "actor_id",
            "at",
            postgresql_where=text("on_behalf_of IS NOT NULL"),
        ),
    )

    id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(foreign_key="approvals.id")
    sequence: int
    at: datetime = Field(sa_type=_TIME)
    action: str = Field(sa_type=Text)
    actor_id: UUID | None
    on_behalf_of: UUID | None
    role: str = Field(sa_type=Text)
    generation: int
    stage: int
    revision: int
    state: str = Field(sa_type=Text)
    process_id: UUID | None
    commitment: str = Field(sa_type=Text)
    previous_hash: str = Field(sa_type=Text)
    hash: str = Field(sa_type=Text)


class HistoryPersonal(OpportunityModel, table=True):
    """What is personal in a link, with its salt; may be erased."""

    __tablename__ = "approval_history_personal"
    __table_args__ = ({"comment": "Comment, snapshot and salt of an entry; may be erased, the chain still verifies"},)

    history_id: UUID = Field(primary_key=True, foreign_key="approval_history.id")
    salt: bytes
    content: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))


class Comment(OpportunityModel, table=True):
    """A comment of its own, or what came with a decision (it belongs to nothing when that lost its race)."""

    __tablename__ = "approval_comments"
    __table_args__ = (Index("approval_comments_approval", "approval_id", "created_at", "id"),)

    id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(foreign_key="approvals.id")
    author_id: UUID
    body: str = Field(sa_type=Text)
    purpose: str = Field(sa_type=Text)
    history_id: UUID | None
    created_at: datetime = Field(sa_type=_TIME)


class Command(OpportunityModel, table=True):
    """What a caller sent under a key, until the key expires."""

    __tablename__ = "approval_commands"
    __table_args__ = (Index("approval_commands_created", "created_at"),)

    key: str = Field(sa_type=Text, primary_key=True)
    fingerprint: bytes | None
    comment_id: UUID | None
    created_at: datetime = Field(sa_type=_TIME)


class Attachment(OpportunityModel, table=True):
    """A file of a request; what it holds is kept elsewhere, under the same id. Rows are never deleted."""

    __tablename__ = "approval_attachments"
    __table_args__ = (
        CheckConstraint("size > 0"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'"),
        CheckConstraint("state IN ('QUARANTINED', 'CLEAN', 'INFECTED')"),
        CheckConstraint("(removed_at IS NULL) = (removed_revision IS NULL)"),
        Index("approval_attachments_approval", "approval_id", "uploaded_at", "id"),
        Index("approval_attachments_to_scan", "scan_after", postgresql_where=text("state = 'QUARANTINED'")),
    )

    id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(foreign_key="approvals.id")
    revision: int
    """The first revision that it is part of."""
    name: str = Field(sa_type=Text)
    media_type: str = Field(sa_type=Text)
    size: int = Field(sa_type=BigInteger)
    sha256: str = Field(sa_type=Text)
    state: str = Field(sa_type=Text)
    found: str | None = Field(sa_type=Text)
    """What the scanner calls it."""
    uploaded_by: UUID
    uploaded_at: datetime = Field(sa_type=_TIME)
    removed_by: UUID | None
    removed_at: datetime | None = Field(sa_type=_TIME)
    removed_revision: int | None
    """The first revision that it is no part of any more."""
    scan_after: datetime | None = Field(sa_type=_TIME)
    scans: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    """Tries that brought no verdict."""


class Route(OpportunityModel, table=True):
    __tablename__ = "approval_routes"

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    kind: str | None = Field(sa_type=Text)
    min_amount: int | None = Field(sa_type=BigInteger)
    max_amount: int | None = Field(sa_type=BigInteger)
    currency: str = Field(sa_column=Column(Text, nullable=False, server_default=text("'JPY'")))
    """Of both amounts."""
    min_age: int | None
    risk_tolerances: list[str] = Field(sa_column=Column(_TEXTS, nullable=False))
    priority: int
    stages: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    active: bool
    version: int
    created_at: datetime = Field(sa_type=_TIME)
    updated_at: datetime = Field(sa_type=_TIME)


class Proxy(OpportunityModel, table=True):
    __tablename__ = "approval_proxies"
    __table_args__ = (
        CheckConstraint("starts_at < ends_at"),
        CheckConstraint("from_id <> to_id"),
        Index("approval_proxies_to", "to_id", "ends_at"),
        Index("approval_proxies_from", "from_id", "ends_at"),
    )

    id: UUID = Field(primary_key=True)
    from_id: UUID
    to_id: UUID
    starts_at: datetime = Field(sa_type=_TIME)
    ends_at: datetime = Field(sa_type=_TIME)
    ended: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    """By somebody, before its time: nobody decides by it any more, whatever a replica's clock says of ``ends_at``."""
    version: int
    created_at: datetime = Field(sa_type=_TIME)
    updated_at: datetime = Field(sa_type=_TIME)


class Move(OpportunityModel, table=True):
    """What a process took from a leaver and gave to whom."""

    __tablename__ = "approval_moves"
    __table_args__ = (Index("approval_moves_process", "process_id", "returned_by"),)

    id: UUID = Field(primary_key=True)
    process_id: UUID
    kind: str = Field(sa_type=Text)
    resource_id: UUID
    from_id: UUID
    to_id: UUID | None
    detail: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    moved_at: datetime = Field(sa_type=_TIME)
    returned_by: UUID | None


class Succession(OpportunityModel, table=True):
    __tablename__ = "approval_successions"
    __table_args__ = ({"comment": "Who took a leaver over, for requests that come back later"},)

    user_id: UUID = Field(primary_key=True)
    process_id: UUID = Field(primary_key=True)
    successor_id: UUID
    at: datetime = Field(sa_type=_TIME)
