"""Tables of the customer service."""

from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Column, Computed, Date, DateTime, ForeignKey, Index, Integer, Text, Uuid, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import registry
from sqlmodel import Field, SQLModel

from services.contracts.states import CustomerKind, CustomerState, Relationship
from services.kit.http.paging import TEXT_KEY_MAX

_LIVE = text("state IN ('ACTIVE', 'DELETING', 'RESTORING')")
_GONE = text("state NOT IN ('ACTIVE', 'DELETING', 'RESTORING')")
_PENDING = {"gin_pending_list_limit": 512}
"""KiB of new entries that wait for their place in the index: a search reads them too, so they stay few."""
_SEARCHED = "(name, name_kana, email, phone, tags)"
_SORTED = f"left(search_fold(coalesce(name_kana, name)), {TEXT_KEY_MAX})"


class CustomerModel(SQLModel, registry=registry()):
    """Base with this service's own metadata: SQLModel would share one among all services."""


def _time(*, nullable: bool = True) -> Column[datetime]:
    return Column(DateTime(timezone=True), nullable=nullable)


def _texts(**options: Any) -> Column[list[str]]:
    return Column(ARRAY(Text), nullable=False, **options)


def _one_of(column: str, values: type[StrEnum]) -> str:
    return f"{column} IN ({', '.join(repr(value.value) for value in values)})"


class Customer(CustomerModel, table=True):
    """A customer (顧客). The generated columns serve sorting and searching only."""

    __tablename__ = "customers"
    __table_args__ = (
        CheckConstraint(_one_of("kind", CustomerKind), name="customers_kind"),
        CheckConstraint(_one_of("relationship", Relationship), name="customers_relationship"),
        CheckConstraint(_one_of("state", CustomerState), name="customers_state"),
        Index("customers_by_creation", "created_at", "id", postgresql_where=_LIVE),
        Index("customers_by_update", "updated_at", "id", postgresql_where=_LIVE),
        Index("customers_by_name", "sort_name", "id", postgresql_where=_LIVE),
        Index("customers_by_sales", "assigned_sales_id", "created_at", "id"),
        Index("customers_gone", "deleted_at", "id", postgresql_where=_GONE),
        Index("customers_search", "search_grams", postgresql_using="gin", postgresql_with=_PENDING),
        Index("customers_tags", "tags", postgresql_using="gin", postgresql_with=_PENDING),
    )

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    name_kana: str | None = Field(default=None, sa_type=Text)
    kind: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    phone: str | None = Field(default=None, sa_type=Text)
    birth_date: date | None = Field(default=None, sa_type=Date)
    occupation: str | None = Field(default=None, sa_type=Text)
    relationship: str = Field(sa_type=Text)
    assigned_sales_id: UUID
    tags: list[str] = Field(sa_column=_texts(server_default=text("'{}'")))
    notes: str | None = Field(default=None, sa_type=Text)
    profile: dict[str, Any] | None = Field(default=None, sa_column=Column(JSONB))
    state: str = Field(sa_type=Text)
    process_id: UUID | None = None
    deletion_process_id: UUID | None = None
    generation: int = Field(default=0, sa_column=Column(Integer, nullable=False, server_default=text("0")))
    deleted_at: datetime | None = Field(default=None, sa_column=_time())
    version: int
    event_version: int
    created_by: UUID | None = None
    created_at: datetime = Field(sa_column=_time(nullable=False))
    updated_at: datetime = Field(sa_column=_time(nullable=False))
    risk_tolerance: str | None = Field(
        default=None, sa_column=Column(Text, Computed("profile ->> 'riskTolerance'", persisted=True))
    )
    assets_band: str | None = Field(
        default=None, sa_column=Column(Text, Computed("profile ->> 'assetsBand'", persisted=True))
    )
    sort_name: str = Field(sa_column=Column(Text(collation="C"), Computed(_SORTED, persisted=True), nullable=False))
    search_text: str = Field(
        sa_column=Column(Text, Computed(f"customer_search_text{_SEARCHED}", persisted=True), nullable=False)
    )
    search_grams: list[str] = Field(
        sa_column=_texts(server_default=Computed(f"customer_search_grams{_SEARCHED}", persisted=True))
    )


class CustomerProfile(CustomerModel, table=True):
    """One version of an investment profile (投資プロファイル), with who reviewed it and when."""

    __tablename__ = "customer_profiles"

    customer_id: UUID = Field(sa_column=Column(Uuid(), ForeignKey("customers.id"), primary_key=True))
    version: int = Field(primary_key=True)
    profile: dict[str, Any] = Field(sa_column=Column(JSONB, nullable=False))
    reviewed_at: datetime = Field(sa_column=_time(nullable=False))
    reviewed_by: UUID | None = None
    created_at: datetime = Field(sa_column=_time(nullable=False))


class UserCopy(CustomerModel, table=True):
    """What this service knows of a user, as auth last told it, and the fence of a process that moves their work."""

    __tablename__ = "user_copies"
    __table_args__ = (Index("user_copies_by_manager", "manager_id"),)

    id: UUID = Field(primary_key=True)
    name: str = Field(sa_type=Text)
    email: str | None = Field(default=None, sa_type=Text)
    state: str = Field(sa_type=Text)
    manager_id: UUID | None = None
    roles: list[str] = Field(sa_column=_texts(server_default=text("'{}'")))
    aggregate_version: int
    blocked_by_process: UUID | None = None


class RequestCopy(CustomerModel, table=True):
    """Of an approval request, what tells who may read its customer."""

    __tablename__ = "request_copies"
    __table_args__ = (Index("request_copies_by_approver", "approver_ids", postgresql_using="gin"),)

    id: UUID = Field(primary_key=True)
    customer_id: UUID | None = None
    state: str = Field(sa_type=Text)
    approver_ids: list[UUID] = Field(sa_column=Column(ARRAY(Uuid), nullable=False))
    aggregate_version: int
    blocked_by_process: UUID | None = None


class ProxyCopy(CustomerModel, table=True):
    """Who stands in for whom in a half-open period. `ended`: by somebody, before its time."""

    __tablename__ = "proxy_copies"
    __table_args__ = (Index("proxy_copies_by_stand_in", "to_id", "ends_at"),)

    id: UUID = Field(primary_key=True)
    from_id: UUID
    to_id: UUID
    starts_at: datetime = Field(sa_column=_time(nullable=False))
    ends_at: datetime = Field(sa_column=_time(nullable=False))
    ended: bool


class Reassignment(CustomerModel, table=True):
    """One move of a process. `settled_at`: its undo has looked at it, and gave it back or left it where it was."""

    __tablename__ = "reassignments"
    __table_args__ = (
        Index("reassignments_open", "process_id", "resource_id", postgresql_where=text("settled_at IS NULL")),
    )

    process_id: UUID = Field(primary_key=True)
    kind: str = Field(primary_key=True, sa_type=Text)
    resource_id: UUID = Field(primary_key=True)
    from_id: UUID
    to_id: UUID
    moved_at: datetime = Field(sa_column=_time(nullable=False))
    settled_at: datetime | None = Field(default=None, sa_column=_time())
