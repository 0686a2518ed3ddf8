"""Which route a request takes, of those that count: pure, so that submission, trial and simulation ask the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any
from uuid import UUID

from services.contracts.states import ApprovalKind
from services.kit.db.database import Row
from services.opportunity import amounts, exchange
from services.opportunity.exchange import Rate, Rates


class Condition(StrEnum):
    KIND = "KIND"
    AMOUNT = "AMOUNT"
    AGE = "AGE"
    RISK_TOLERANCE = "RISK_TOLERANCE"


@dataclass(frozen=True, slots=True)
class Candidate:
    """An active route in the version that counts. ``None`` and an empty tuple ask for nothing."""

    route_id: UUID
    version: int
    name: str
    kind: str | None
    min_amount: Decimal | None
    max_amount: Decimal | None
    currency: str
    min_age: int | None
    risk_tolerances: tuple[str, ...]
    priority: int
    created_at: datetime
    """Of the route, not of the version: the older one of two equals goes first, however often it was edited."""
    stages: Sequence[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Asked:
    """What routes look at in a request. ``age`` in completed years on the day of the submission."""

    kind: ApprovalKind
    amount: Decimal | None
    currency: str
    age: int | None
    risk_tolerance: str | None


@dataclass(frozen=True, slots=True)
class Judged:
    """``measured``: its thresholds and the amount have one currency, or rates. ``beyond``: they have not, and so the
    amount counts as larger than all of them."""

    candidate: Candidate
    met: tuple[Condition, ...]
    failed: tuple[Condition, ...]
    beyond: bool
    measured: bool

    @property
    def fits(self) -> bool:
        return not self.failed


@dataclass(frozen=True, slots=True)
class Choice:
    """``judged`` in the order in which they were looked at; ``taken`` is None where no route fits. ``rates``: by which
    the amount was compared, and that of its own currency in any case."""

    taken: Judged | None
    judged: tuple[Judged, ...]
    rates: tuple[Rate, ...]


def candidate(row: Row) -> Candidate:
    """From a row of ``repository.routes.counting``."""
    return Candidate(
        route_id=row["route_id"],
        version=row["number"],
        name=row["name"],
        kind=row["kind"],
        min_amount=amounts.from_row(row, "min_amount"),
        max_amount=amounts.from_row(row, "max_amount"),
        currency=row["currency"],
        min_age=row["min_age"],
        risk_tolerances=tuple(row["risk_tolerances"]),
        priority=row["priority"],
        created_at=row["created_at"],
        stages=row["stages"],
    )


def choose(candidates: Iterable[Candidate], asked: Asked, rates: Rates) -> Choice:
    """The one of the highest priority that fits; the older one of two equals. ``rates``: those of the day.

    Without a rate, an amount counts as larger than every threshold in another currency, so that it takes the strictest
    route. Thresholds that it can be measured by go before those: what fits one of them need not be taken for larger.
    """
    in_order = sorted(candidates, key=lambda route: (-route.priority, route.created_at, route.route_id))
    judged = tuple(_judge(route, asked, rates) for route in in_order)
    measured = any(one.fits and one.measured for one in judged)
    taken = next((one for one in judged if one.fits and not (one.beyond and measured)), None)
    return Choice(taken, judged, _used(judged, asked, rates))


def reaches_yen(asked: Asked, threshold: int, rates: Rates) -> bool:
    """Whether the amount is worth so many yen or more; without a rate it counts as more."""
    if asked.amount is None:
        return False
    yen = exchange.in_yen(asked.amount, asked.currency, rates)
    return yen is None or yen >= threshold


def own_rate(asked: Asked, rates: Rates) -> tuple[Rate, ...]:
    """That of the amount's currency, to be shown beside it."""
    return exchange.of([asked.currency], rates) if asked.amount is not None else ()


def _used(judged: Iterable[Judged], asked: Asked, rates: Rates) -> tuple[Rate, ...]:
    if asked.amount is None:
        return ()
    converted = {one.candidate.currency for one in judged if one.measured and one.candidate.currency != asked.currency}
    return exchange.of({asked.currency, *converted}, rates)


def _judge(route: Candidate, asked: Asked, rates: Rates) -> Judged:
    limited = route.min_amount is not None or route.max_amount is not None
    given = limited and asked.amount is not None
    comparable = exchange.comparable(route.currency, asked.currency, rates)
    tests = {
        Condition.KIND: (route.kind is not None, route.kind in (None, asked.kind)),
        Condition.AMOUNT: (
            limited,
            route.max_amount is None if given and not comparable else _within(route, asked, rates),
        ),
        Condition.AGE: (
            route.min_age is not None,
            route.min_age is None or (asked.age is not None and asked.age >= route.min_age),
        ),
        Condition.RISK_TOLERANCE: (
            bool(route.risk_tolerances),
            not route.risk_tolerances or asked.risk_tolerance in route.risk_tolerances,
        ),
    }
    return Judged(
        route,
        met=tuple(condition for condition, (is_set, holds) in tests.items() if is_set and holds),
        failed=tuple(condition for condition, (_, holds) in tests.items() if not holds),
        beyond=given and not comparable,
        measured=given and comparable,
    )


def _within(route: Candidate, asked: Asked, rates: Rates) -> bool:
    """A request without an amount reaches no lower limit, and stays below every upper one.

    In another currency, the amount counts in whole yen, rounded up; limits count as exactly what they are worth.
    """
    if asked.amount is None:
        return route.min_amount is None
    amount: Decimal | int | None = asked.amount
    low, high = route.min_amount, route.max_amount
    if route.currency != asked.currency:
        amount = exchange.in_yen(asked.amount, asked.currency, rates)
        low, high = (exchange.worth(limit, route.currency, rates) for limit in (route.min_amount, route.max_amount))
    return (low is None or (amount is not None and amount >= low)) and (
        high is None or (amount is not None and amount < high)
    )
