"""The history of requests, and the keys that sign what is taken from it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    Index,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import TIME, OpportunityModel


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
    at: datetime = Field(sa_type=TIME)
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


class EvidenceKey(OpportunityModel, table=True):
    """A key that signs dossiers. Its public half is kept for ever, to verify what it signed."""

    __tablename__ = "evidence_keys"

    kid: str = Field(sa_type=Text, primary_key=True)
    sealed_private_key: bytes | None
    """Erased once the key is out of use."""
    public_key: bytes
    created_at: datetime = Field(sa_type=TIME)
    retired_at: datetime | None = Field(sa_type=TIME)
    """Signs nothing from then on."""
