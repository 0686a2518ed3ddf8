"""Amounts in rows (ADR 0056).

``<name>`` is a bigint, which replicas of before read: the amount, rounded up where it has decimals. ``exact_<name>`` is
the amount itself where it has some, and NULL otherwise.
"""

from decimal import ROUND_CEILING, Decimal
from typing import Any

from services.kit.db.database import Row


def columns(name: str) -> tuple[str, str]:
    return name, f"exact_{name}"


def exact(alias: str, name: str = "amount") -> str:
    """SQL for the amount, to compare it and to order by it."""
    return f"coalesce({alias}.exact_{name}, {alias}.{name})"


def as_json(alias: str, name: str = "amount") -> str:
    """SQL for the amount as answers have it (``money.to_json``)."""
    return f"coalesce(to_jsonb(trim_scale({alias}.exact_{name})::text), to_jsonb({alias}.{name}))"


def from_row(row: Row, name: str = "amount") -> Decimal | None:
    """From a row with both columns."""
    whole, fine = (row[column] for column in columns(name))
    if fine is not None:
        return fine  # type: ignore[no-any-return]
    return None if whole is None else Decimal(whole)


def to_row(amount: Decimal | None, name: str = "amount") -> dict[str, Any]:
    whole, fine = columns(name)
    if amount is None:
        return {whole: None, fine: None}
    above = int(amount.to_integral_value(ROUND_CEILING))
    return {whole: above, fine: None if above == amount else amount}
