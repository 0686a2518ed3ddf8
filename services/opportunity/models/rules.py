"""Who is asked, and in whose place: routes, proxies, and what processes moved."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKeyConstraint,
    Index,
    Numeric,
    Text,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlmodel import Field

from services.opportunity.models.base import TEXTS, TIME, OpportunityModel


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
    risk_tolerances: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    priority: int
    stages: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    active: bool
    version: int
    mirrors: int | None
    """The version that the row shows. Its content is for replicas that know of no versions, and for nobody else."""
    created_at: datetime = Field(sa_type=TIME)
    updated_at: datetime = Field(sa_type=TIME)


class RouteVersion(OpportunityModel, table=True):
    """A route as it is from an instant on; the newest that is valid counts. A row is inserted, and withdrawn before its
    instant; nothing else happens to it."""

    __tablename__ = "approval_route_versions"
    __table_args__ = (
        ForeignKeyConstraint(["route_id"], ["approval_routes.id"], deferrable=True, initially="DEFERRED"),
        Index(
            "approval_route_versions_valid",
            "route_id",
            "valid_from",
            "number",
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
    )

    route_id: UUID = Field(primary_key=True)
    number: int = Field(primary_key=True)
    valid_from: datetime = Field(sa_type=TIME)
    name: str = Field(sa_type=Text)
    kind: str | None = Field(sa_type=Text)
    min_amount: int | None = Field(sa_type=BigInteger)
    max_amount: int | None = Field(sa_type=BigInteger)
    exact_min_amount: Decimal | None = Field(sa_type=Numeric)
    exact_max_amount: Decimal | None = Field(sa_type=Numeric)
    currency: str = Field(sa_type=Text)
    min_age: int | None
    risk_tolerances: list[str] = Field(sa_column=Column(TEXTS, nullable=False))
    priority: int
    stages: list[dict[str, Any]] = Field(sa_column=Column(JSONB, nullable=False))
    active: bool
    note: str = Field(sa_column=Column(Text, nullable=False, server_default=text("''")))
    created_by: UUID | None
    """Unknown for what was written before there were versions, or by a replica of then."""
    process_id: UUID | None
    """The process that made it, where people were handed over."""
    created_at: datetime = Field(sa_type=TIME)
    withdrawn_at: datetime | None = Field(sa_type=TIME)
    withdrawn_by: UUID | None


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
    starts_at: datetime = Field(sa_type=TIME)
    ends_at: datetime = Field(sa_type=TIME)
    ended: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("false")))
    """By somebody, before its time: nobody decides by it any more, whatever a replica's clock says of ``ends_at``."""
    version: int
    created_at: datetime = Field(sa_type=TIME)
    updated_at: datetime = Field(sa_type=TIME)
    takes_waiting: bool = Field(sa_column=Column(Boolean, nullable=False, server_default=text("true")))
    """Also what waits already when it begins; else only what comes to wait from ``starts_at`` on."""


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
    moved_at: datetime = Field(sa_type=TIME)
    returned_by: UUID | None


class Succession(OpportunityModel, table=True):
    __tablename__ = "approval_successions"
    __table_args__ = ({"comment": "Who took a leaver over, for requests that come back later"},)

    user_id: UUID = Field(primary_key=True)
    process_id: UUID = Field(primary_key=True)
    successor_id: UUID
    at: datetime = Field(sa_type=TIME)
