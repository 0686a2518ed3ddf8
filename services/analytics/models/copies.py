"""Reference copies of what other services own."""

from uuid import UUID

from sqlalchemy import Column, Index, Text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlmodel import Field

from services.analytics.models.base import AnalyticsModel, words


class UserCopy(AnalyticsModel, table=True):
    """What rights and group names need of a user; the newest version wins."""

    __tablename__ = "user_copies"
    __table_args__ = (Index("user_copies_manager", "manager_id"),)

    id: UUID = Field(primary_key=True)
    name: str = words()
    state: str = words()
    manager_id: UUID | None
    roles: list[str] = Field(sa_column=Column(ARRAY(Text), nullable=False))
    aggregate_version: int
    blocked_by_process: UUID | None


class CustomerCopy(AnalyticsModel, table=True):
    __tablename__ = "customer_copies"

    id: UUID = Field(primary_key=True)
    name: str = words()
    state: str = words()
    assigned_sales_id: UUID
    aggregate_version: int
    blocked_by_process: UUID | None


class ApprovalCopy(AnalyticsModel, table=True):
    """What the list of processes calls a request."""

    __tablename__ = "approval_copies"

    id: UUID = Field(primary_key=True)
    number: str = words()
    aggregate_version: int
    blocked_by_process: UUID | None
