"""What keeps files beyond their time, and the runs that delete them."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, Text, text
from sqlmodel import Field

from services.opportunity.models.base import TIME, OpportunityModel


class LegalHold(OpportunityModel, table=True):
    """A request that nothing may be deleted of. Rows stay; of a hold only its release is written later."""

    __tablename__ = "legal_holds"
    __table_args__ = (
        CheckConstraint("office IN ('ADMINISTRATION', 'AUDIT')"),
        CheckConstraint(
            "(released_at IS NULL) = (released_by IS NULL) AND (released_at IS NULL) = (release_reason IS NULL)"
        ),
        Index("legal_holds_open", "approval_id", "office", unique=True, postgresql_where=text("released_at IS NULL")),
        Index("legal_holds_listed", "set_at", "id", postgresql_where=text("released_at IS NULL")),
        Index("legal_holds_of", "approval_id"),
    )

    id: UUID = Field(primary_key=True)
    approval_id: UUID = Field(foreign_key="approvals.id")
    office: str = Field(sa_type=Text)
    reason: str = Field(sa_type=Text)
    set_by: UUID
    set_at: datetime = Field(sa_type=TIME)
    released_by: UUID | None
    released_at: datetime | None = Field(sa_type=TIME)
    release_reason: str | None = Field(sa_type=Text)


class PurgeRun(OpportunityModel, table=True):
    """One run of the purge, with what it deleted so far."""

    __tablename__ = "purge_runs"
    __table_args__ = (Index("purge_runs_started", "started_at"),)

    id: UUID = Field(primary_key=True)
    started_at: datetime = Field(sa_type=TIME)
    finished_at: datetime | None = Field(sa_type=TIME)
    after_id: UUID | None
    """The request after which the run goes on."""
    requests: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    files: int = Field(sa_column=Column(Integer, nullable=False, server_default=text("0")))
    bytes: int = Field(sa_column=Column(BigInteger, nullable=False, server_default=text("0")))
