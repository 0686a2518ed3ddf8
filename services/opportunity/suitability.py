"""Suitability 適合性: what the approver's attention is drawn to. It flags and routes; it never blocks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from services.contracts import money
from services.contracts.states import ApprovalKind, CustomerKind, Product, RiskTolerance
from services.opportunity.business_time import TOKYO

CAREFUL_AGE_YEARS = 75
"""From this age a superior approves beforehand (JSDA guideline on solicitation of elderly customers)."""
NO_SAME_DAY_AGE_YEARS = 80
"""From this age no order on the day of the solicitation (the same guideline)."""
STALE_PROFILE_AFTER = timedelta(days=365)
CAREFUL_KINDS = frozenset({ApprovalKind.PRODUCT_PROPOSAL, ApprovalKind.SUITABILITY_EXCEPTION})
AMOUNT_RISE_FACTOR: Final = 2
"""More than so many times the largest amount approved before is a rise (a rule of the house; no law names a figure)."""
AMOUNT_RISE_WINDOW: Final = timedelta(days=365)
"""How far back approvals are compared (the same rule)."""
RISK_ORDER: Final = tuple(RiskTolerance)
"""From 安定型 to 積極型; risk classes of products are named alike, by the tolerance that they take."""


class Flag(StrEnum):
    SENIOR_75 = "SENIOR_75"
    SENIOR_80 = "SENIOR_80"
    PROFILE_STALE = "PROFILE_STALE"
    PROFILE_INCOMPLETE = "PROFILE_INCOMPLETE"
    FIRST_IN_PRODUCT = "FIRST_IN_PRODUCT"
    """初回商品: no request of the customer for this product was ever approved."""
    AMOUNT_RISE = "AMOUNT_RISE"
    """金額急増: far more than was approved for the customer within a year."""
    RISK_ABOVE_TOLERANCE = "RISK_ABOVE_TOLERANCE"
    """リスク超過: the product asks for more risk than the customer's profile bears."""


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    kind: CustomerKind
    birth_date: date | None
    profile_complete: bool
    profile_reviewed_at: datetime | None
    risk_tolerance: RiskTolerance | None = None


@dataclass(frozen=True, slots=True)
class Proposal:
    """What is asked for, as far as suitability looks at it. ``amount`` in ``currency``."""

    kind: ApprovalKind
    amount: Decimal | None = None
    currency: str = "JPY"
    product: Product | None = None
    risk_class: RiskTolerance | None = None

    @classmethod
    def of(cls, kind: ApprovalKind, amount: Decimal | None, currency: str, fields: Mapping[str, Any]) -> "Proposal":
        """``fields``: those of the kind, as they are stored."""
        product, risk_class = fields.get("product"), fields.get("riskClass")
        return cls(
            kind,
            amount,
            currency,
            None if product is None else Product(product),
            None if risk_class is None else RiskTolerance(risk_class),
        )


@dataclass(frozen=True, slots=True)
class Approved:
    """A request of the customer that was approved."""

    number: str
    amount: Decimal
    decided_at: datetime


@dataclass(frozen=True, slots=True)
class Past:
    """What was approved for the customer before. ``largest``: in the same currency, within AMOUNT_RISE_WINDOW;
    ``in_product``: anything for the same product, ever."""

    largest: Approved | None = None
    in_product: bool = False


@dataclass(frozen=True, slots=True)
class Noted:
    """Flags in the order in which they are shown, and what those that compare rest on, as JSON by flag."""

    flags: list[Flag] = field(default_factory=list)
    grounds: dict[str, dict[str, Any]] = field(default_factory=dict)


def age_on(day: date, birth_date: date) -> int:
    """Completed years; somebody born on 29 February has their birthday on 1 March in common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def noted(proposal: Proposal, customer: CustomerFacts, past: Past | None, now: datetime) -> Noted:
    """``past``: None where it is not looked up, as no flag that rests on it matters."""
    compared = {} if past is None else _compared(proposal, past)
    if above := _risk_above(proposal, customer):
        compared[Flag.RISK_ABOVE_TOLERANCE] = above
    grounds = {flag.value: ground for flag, ground in compared.items()}
    return Noted([*_of_customer(proposal.kind, customer, now), *compared], grounds)


def _of_customer(kind: ApprovalKind, customer: CustomerFacts, now: datetime) -> list[Flag]:
    found: list[Flag] = []
    if customer.kind is CustomerKind.INDIVIDUAL and customer.birth_date is not None:
        age = age_on(now.astimezone(TOKYO).date(), customer.birth_date)
        if age >= CAREFUL_AGE_YEARS:
            found.append(Flag.SENIOR_75)
        if age >= NO_SAME_DAY_AGE_YEARS:
            found.append(Flag.SENIOR_80)
    if kind in CAREFUL_KINDS:
        if not customer.profile_complete:
            found.append(Flag.PROFILE_INCOMPLETE)
        if customer.profile_reviewed_at is None or now - customer.profile_reviewed_at > STALE_PROFILE_AFTER:
            found.append(Flag.PROFILE_STALE)
    return found


def _compared(proposal: Proposal, past: Past) -> dict[Flag, dict[str, Any]]:
    found: dict[Flag, dict[str, Any]] = {}
    if proposal.kind in CAREFUL_KINDS and proposal.product is not None and not past.in_product:
        found[Flag.FIRST_IN_PRODUCT] = {"product": proposal.product.value}
    largest = past.largest
    if proposal.amount is not None and largest is not None and proposal.amount > AMOUNT_RISE_FACTOR * largest.amount:
        found[Flag.AMOUNT_RISE] = {
            "number": largest.number,
            "amount": money.to_json(largest.amount),
            "currency": proposal.currency,
            "decidedAt": largest.decided_at.isoformat(),
        }
    return found


def _risk_above(proposal: Proposal, customer: CustomerFacts) -> dict[str, Any] | None:
    risk, tolerance = proposal.risk_class, customer.risk_tolerance
    if risk is None or tolerance is None or RISK_ORDER.index(risk) <= RISK_ORDER.index(tolerance):
        return None
    return {"riskClass": risk.value, "riskTolerance": tolerance.value}


def asks_for_superior(kind: ApprovalKind, found: list[Flag]) -> bool:
    return kind in CAREFUL_KINDS and Flag.SENIOR_75 in found
