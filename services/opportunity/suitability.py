"""Suitability 適合性: what the approver's attention is drawn to. It flags and routes; it never blocks."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from services.contracts.states import ApprovalKind, CustomerKind
from services.opportunity.business_time import TOKYO

CAREFUL_AGE_YEARS = 75
"""From this age a superior approves beforehand (JSDA guideline on solicitation of elderly customers)."""
NO_SAME_DAY_AGE_YEARS = 80
"""From this age no order on the day of the solicitation (the same guideline)."""
STALE_PROFILE_AFTER = timedelta(days=365)
CAREFUL_KINDS = frozenset({ApprovalKind.PRODUCT_PROPOSAL, ApprovalKind.SUITABILITY_EXCEPTION})


class Flag(StrEnum):
    SENIOR_75 = "SENIOR_75"
    SENIOR_80 = "SENIOR_80"
    PROFILE_STALE = "PROFILE_STALE"
    PROFILE_INCOMPLETE = "PROFILE_INCOMPLETE"


@dataclass(frozen=True, slots=True)
class CustomerFacts:
    kind: CustomerKind
    birth_date: date | None
    profile_complete: bool
    profile_reviewed_at: datetime | None


def age_on(day: date, birth_date: date) -> int:
    """Completed years; somebody born on 29 February has their birthday on 1 March in common years."""
    return day.year - birth_date.year - ((day.month, day.day) < (birth_date.month, birth_date.day))


def flags(kind: ApprovalKind, customer: CustomerFacts, now: datetime) -> list[Flag]:
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


def asks_for_superior(kind: ApprovalKind, found: list[Flag]) -> bool:
    return kind in CAREFUL_KINDS and Flag.SENIOR_75 in found
