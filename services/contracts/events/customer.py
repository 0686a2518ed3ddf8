"""Events of customers: the full state that copies, routing and the customer statistics need."""

from datetime import date, datetime
from typing import ClassVar
from uuid import UUID

from services.contracts.states import (
    CustomerKind,
    CustomerState,
    Experience,
    FundSource,
    Horizon,
    InvestorClass,
    MoneyBand,
    Objective,
    Product,
    Relationship,
    RiskTolerance,
)
from services.contracts.topics import CUSTOMER_EVENTS
from services.kit.events.envelope import EventPayload


class CustomerSnapshot(EventPayload):
    topic: ClassVar[str] = CUSTOMER_EVENTS

    customer_id: UUID
    name: str
    name_kana: str | None = None
    email: str | None = None
    kind: CustomerKind
    relationship: Relationship
    state: CustomerState
    assigned_sales_id: UUID
    birth_date: date | None = None
    risk_tolerance: RiskTolerance | None = None
    assets_band: MoneyBand | None = None
    income_band: MoneyBand | None = None
    objectives: list[Objective] | None = None
    experience: dict[Product, Experience] | None = None
    """Empty for a profile without answers; None in events from before this was told, as ``objectives``."""
    horizon: Horizon | None = None
    fund_source: FundSource | None = None
    investor_class: InvestorClass | None = None
    profile_complete: bool = False
    profile_reviewed_at: datetime | None = None
    created_at: datetime


class CustomerCreated(CustomerSnapshot):
    event_type: ClassVar[str] = "customer.created"


class CustomerUpdated(CustomerSnapshot):
    event_type: ClassVar[str] = "customer.updated"


class CustomerAssigned(CustomerSnapshot):
    event_type: ClassVar[str] = "customer.assigned"

    previous_sales_id: UUID | None = None


class CustomerDeletionStarted(CustomerSnapshot):
    event_type: ClassVar[str] = "customer.deletion_started"


class CustomerDeletionUndone(CustomerSnapshot):
    event_type: ClassVar[str] = "customer.deletion_undone"


class CustomerDeleted(CustomerSnapshot):
    event_type: ClassVar[str] = "customer.deleted"


class CustomerRestored(CustomerSnapshot):
    event_type: ClassVar[str] = "customer.restored"
