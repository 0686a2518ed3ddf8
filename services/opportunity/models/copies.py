"""What this service knows of users, departments and customers, who belong to others."""

from datetime import date, datetime
from uuid import UUID

from sqlalchemy import (
    Boolean,
    Column,
    Index,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import PENDING, TEXTS, TIME, OpportunityModel, computed


class UserCopy(OpportunityModel, table=True):
    __tablename__ = "user_copies"
    __table_args__ = (Index("user_copies_manager", "manager_id"),)

    id: UUID = Field(primary_key=True)
    name: str | None = Field(sa_type=Text)
    email: str | None = Field(sa_type=Text)
    state: str | None = Field(sa_type=Text)
    manager_id: UUID | None
    department_id: UUID | None
    roles: list[str] | None = Field(sa_column=Column(TEXTS))
    aggregate_version: int
    blocked_by_process: UUID | None


class DepartmentCopy(OpportunityModel, table=True):
    __tablename__ = "department_copies"
    __table_args__ = (Index("department_copies_head", "head_id"),)

    id: UUID = Field(primary_key=True)
    name: str | None = Field(sa_type=Text)
    parent_id: UUID | None
    head_id: UUID | None
    deleted: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    aggregate_version: int
    blocked_by_process: UUID | None


class CustomerCopy(OpportunityModel, table=True):
    __tablename__ = "customer_copies"
    __table_args__ = (Index("customer_copies_search", "search_grams", postgresql_using="gin", postgresql_with=PENDING),)

    id: UUID = Field(primary_key=True)
    name: str | None = Field(sa_type=Text)
    kind: str | None = Field(sa_type=Text)
    relationship: str | None = Field(sa_type=Text)
    state: str | None = Field(sa_type=Text)
    assigned_sales_id: UUID | None
    birth_date: date | None
    risk_tolerance: str | None = Field(sa_type=Text)
    assets_band: str | None = Field(sa_type=Text)
    income_band: str | None = Field(sa_type=Text)
    objectives: list[str] | None = Field(sa_column=Column(TEXTS))
    experience: dict[str, str] | None = Field(sa_column=Column(JSONB))
    """By product; None while no event has told it, as ``objectives``."""
    horizon: str | None = Field(sa_type=Text)
    fund_source: str | None = Field(sa_type=Text)
    investor_class: str | None = Field(sa_type=Text)
    profile_complete: bool | None
    profile_reviewed_at: datetime | None = Field(sa_type=TIME)
    aggregate_version: int
    blocked_by_process: UUID | None
    search_text: str = Field(sa_column=computed(Text, "search_fold(name)"))
    search_grams: list[str] = Field(sa_column=computed(TEXTS, "search_grams(search_fold(name))"))
