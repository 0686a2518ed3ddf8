"""Requests, who has a part in them, and what people say and attach."""

from datetime import datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Float,
    Index,
    Integer,
    Numeric,
    Text,
    UniqueConstraint,
    inspect,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import PENDING, TEXTS, TIME, UUIDS, OpportunityModel, computed


class ApprovalRow(OpportunityModel, table=True):
    """A request (承認申請); the one list of its columns. What they mean is told by ``record.Approval`` and
    ``machine.Progress``."""

    __tablename__ = "approvals"
    __table_args__ = (
        UniqueConstraint("number"),
        CheckConstraint("jsonb_typeof(fields) = 'object'", name="approvals_fields_object"),
        CheckConstraint(
            "exact_amount IS NULL OR amount IS NOT DISTINCT FROM ceil(exact_amount)", name="approvals_exact_amount"
        ),
        Index("approvals_created", "created_at", "id"),
        Index("approvals_search", "search_grams", postgresql_using="gin", postgresql_with=PENDING),
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
    exact_amount: Decimal | None = Field(sa_type=Numeric)
    currency: str = Field(sa_type=Text)
    rates: list[dict[str, Any]] | None = Field(sa_column=Column(JSONB))
    fields: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")))
    state: str = Field(sa_type=Text)
    state_before: str | None = Field(sa_type=Text)
    held_by: UUID | None
    cancelled_by: UUID | None
    restored_by: UUID | None
    generation: int
    revision: int
    stage: int
    stages: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    approved_by: list[UUID] = Field(sa_column=Column(UUIDS, nullable=False))
    voted_by: list[UUID] = Field(sa_column=Column(UUIDS, nullable=False))
    last_approval: dict[str, Any] | None = Field(sa_column=Column(JSONB))
    opinions: list[dict[str, Any]] | None = Field(sa_column=Column(JSONB))
    terms_changed: bool
    short_since: datetime | None = Field(sa_type=TIME)
    flags: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    flag_grounds: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False, server_default=text("'{}'")))
    route_id: UUID | None
    route_version: int | None
    wish: dict[str, Any] | None = Field(sa_column=Column(JSONB))
    previous_id: UUID | None
    process_id: UUID | None
    deadline_at: datetime | None = Field(sa_type=TIME)
    clock_left_seconds: float | None = Field(sa_type=Float(53))
    reminded_at: datetime | None = Field(sa_type=TIME)
    escalated_at: datetime | None = Field(sa_type=TIME)
    submitted_at: datetime | None = Field(sa_type=TIME)
    decided_at: datetime | None = Field(sa_type=TIME)
    decided_by: UUID | None
    history_length: int
    history_head: str = Field(sa_type=Text)
    version: int
    event_version: int
    created_at: datetime = Field(sa_type=TIME)
    updated_at: datetime = Field(sa_type=TIME)
    search_text: str = Field(sa_column=computed(Text, "approval_search_text(number, title)"))
    search_grams: list[str] = Field(sa_column=computed(TEXTS, "search_grams(approval_search_text(number, title))"))


APPROVAL_COLUMNS: Final = tuple(column.name for column in inspect(ApprovalRow).columns if column.computed is None)
"""Without those that serve searches only."""


class Participant(OpportunityModel, table=True):
    """Who has a part in a request: REQUESTER, OWNER, APPROVER, ESCALATION, VIEWER, REVIEWER, CONSULTED, DECIDED,
    HANDED_ON; who is asked for an opinion (ASKED) or has given or declined one (ADVISED); LATER for a viewer or
    reviewer who does not see it yet."""

    __tablename__ = "approval_participants"
    __table_args__ = (
        Index("approval_participants_approval", "approval_id"),
        Index("approval_participants_by_time", "user_id", "created_at", "approval_id"),
    )

    user_id: UUID = Field(primary_key=True)
    relation: str = Field(sa_type=Text, primary_key=True)
    approval_id: UUID = Field(primary_key=True, foreign_key="approvals.id")
    created_at: datetime = Field(sa_type=TIME)
    """The request's own, for lists in its order."""


class Circulation(OpportunityModel, table=True):
    """Somebody whom a request is shown to: what for, and what they answered. One row each for a revision."""

    __tablename__ = "approval_circulation"
    __table_args__ = (
        UniqueConstraint("approval_id", "purpose", "user_id", "generation", "revision"),
        CheckConstraint("purpose IN ('READ', 'REVIEW', 'CONSULT')"),
        CheckConstraint("verdict IN ('SUPPORTS', 'CONCERNED', 'CLEAR', 'FINDING')"),
        CheckConstraint("(answered_at IS NULL) = (history_id IS NULL)"),
        CheckConstraint("purpose = 'CONSULT' OR answered_at IS NULL OR ended_at IS NOT NULL"),
        Index("approval_circulation_of_user", "user_id", "purpose", "since", "approval_id"),
        Index(
            "approval_circulation_open", "user_id", "purpose", "approval_id", postgresql_where=text("ended_at IS NULL")
        ),
    )

    id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(foreign_key="approvals.id")
    purpose: str = Field(sa_type=Text)
    user_id: UUID
    generation: int
    revision: int
    since: datetime = Field(sa_type=TIME)
    due_at: datetime | None = Field(sa_type=TIME)
    answered_at: datetime | None = Field(sa_type=TIME)
    """Of a consultation, the last answer: there may be several."""
    verdict: str | None = Field(sa_type=Text)
    history_id: UUID | None = Field(foreign_key="approval_history.id")
    """The entry of the answer."""
    ended_at: datetime | None = Field(sa_type=TIME)
    """Since when nothing is asked of them any more: answered, called off, or asked again for another revision."""


class Waiting(OpportunityModel, table=True):
    """The inbox: one row for each vote that is awaited."""

    __tablename__ = "approval_waiting"
    __table_args__ = (
        Index("approval_waiting_since", "approver_id", "since", "approval_id"),
        Index("approval_waiting_deadline", "approver_id", "deadline_at", "approval_id"),
        Index("approval_waiting_approval", "approval_id"),
        Index(
            "approval_waiting_step_in",
            "approver_id",
            "step_in_from",
            "approval_id",
            postgresql_where=text("step_in_from IS NOT NULL"),
        ),
    )

    approver_id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(primary_key=True, foreign_key="approvals.id")
    since: datetime = Field(sa_type=TIME)
    deadline_at: datetime = Field(sa_type=TIME)
    step_in_from: datetime | None = Field(sa_type=TIME)
    """From when a superior of the approver may decide in their place; None: never."""


class Vote(OpportunityModel, table=True):
    __tablename__ = "approval_votes"

    approval_id: UUID = Field(primary_key=True, foreign_key="approvals.id")
    generation: int = Field(primary_key=True)
    revision: int = Field(primary_key=True)
    stage: int = Field(primary_key=True)
    approver_id: UUID = Field(primary_key=True)
    """Whose vote it is."""
    voter_id: UUID
    """Who gave it: the approver, their proxy, or a superior who stepped in."""
    decision: str = Field(sa_type=Text)
    at: datetime = Field(sa_type=TIME)
    waiting_since: datetime | None = Field(sa_type=TIME)
    """Since when the request had waited for the approver; None for votes from before that was kept."""
    step_in_from: datetime | None = Field(sa_type=TIME)
    """Of the vote of a superior who stepped in: from when on that was allowed."""


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
    created_at: datetime = Field(sa_type=TIME)


class Command(OpportunityModel, table=True):
    """What a caller sent under a key, until the key expires."""

    __tablename__ = "approval_commands"
    __table_args__ = (Index("approval_commands_created", "created_at"),)

    key: str = Field(sa_type=Text, primary_key=True)
    fingerprint: bytes | None
    comment_id: UUID | None
    created_at: datetime = Field(sa_type=TIME)


class Attachment(OpportunityModel, table=True):
    """A file of a request; what it holds is kept elsewhere, under the same id. Rows are never deleted."""

    __tablename__ = "approval_attachments"
    __table_args__ = (
        CheckConstraint("size > 0"),
        CheckConstraint("sha256 ~ '^[0-9a-f]{64}$'"),
        CheckConstraint("state IN ('QUARANTINED', 'CLEAN', 'INFECTED')"),
        CheckConstraint("(removed_at IS NULL) = (removed_revision IS NULL)"),
        CheckConstraint("purge_rule IN ('RETENTION', 'ABANDONED_DRAFT')"),
        CheckConstraint(
            "(purge_rule IS NULL) = (purge_begun_at IS NULL) AND (purge_rule IS NULL) = (purge_term IS NULL)"
        ),
        CheckConstraint("purged_at IS NULL OR purge_begun_at IS NOT NULL"),
        Index("approval_attachments_approval", "approval_id", "uploaded_at", "id"),
        Index("approval_attachments_to_scan", "scan_after", postgresql_where=text("state = 'QUARANTINED'")),
        Index(
            "approval_attachments_purging",
            "approval_id",
            postgresql_where=text("purge_begun_at IS NOT NULL AND purged_at IS NULL"),
        ),
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
    uploaded_at: datetime = Field(sa_type=TIME)
    removed_by: UUID | None
    removed_at: datetime | None = Field(sa_type=TIME)
    removed_revision: int | None
    """The first revision that it is no part of any more."""
    scan_after: datetime | None = Field(sa_type=TIME)
    scans: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    """Tries that brought no verdict."""
    purge_rule: str | None = Field(sa_type=Text)
    purge_term: int | None
    """Years or days, as the firm had set them when the purge began."""
    purge_begun_at: datetime | None = Field(sa_type=TIME)
    """From then on nobody is given the file."""
    purged_at: datetime | None = Field(sa_type=TIME)
    """What it held is gone for good."""
