"""Events of customers from their records."""

from datetime import datetime
from typing import Any, TypeVar

from services.contracts.events.customer import CustomerSnapshot
from services.contracts.states import Product
from services.customer.record import CustomerRecord

SnapshotT = TypeVar("SnapshotT", bound=CustomerSnapshot)

_SINGLE_ANSWERS = ("riskTolerance", "assetsBand", "incomeBand", "horizon", "fundSource", "investorClass")


def snapshot(kind: type[SnapshotT], customer: CustomerRecord, **extra: Any) -> SnapshotT:
    """The full state that copies and statistics keep, as an event of the given kind."""
    profile = customer.profile or {}
    return kind(
        customer_id=customer.id,
        name=customer.name,
        name_kana=customer.name_kana,
        email=customer.email,
        kind=customer.kind,
        relationship=customer.relationship,
        state=customer.state,
        assigned_sales_id=customer.assigned_sales_id,
        birth_date=customer.birth_date,
        risk_tolerance=profile.get("riskTolerance"),
        assets_band=profile.get("assetsBand"),
        income_band=profile.get("incomeBand"),
        objectives=profile.get("objectives") or [],
        experience=profile.get("experience") or {},
        horizon=profile.get("horizon"),
        fund_source=profile.get("fundSource"),
        investor_class=profile.get("investorClass"),
        profile_complete=is_complete(profile),
        profile_reviewed_at=datetime.fromisoformat(profile["reviewedAt"]) if profile else None,
        created_at=customer.created_at,
        **extra,
    )


def is_complete(profile: dict[str, Any]) -> bool:
    """All of the questions of a suitability check are answered, experience for every product among them."""
    return (
        all(profile.get(answer) for answer in _SINGLE_ANSWERS)
        and bool(profile.get("objectives"))
        and set(Product) <= set(profile.get("experience") or {})
    )
