"""What amounts are worth in yen by dated rates: pure and exact, so that no threshold is dodged by rounding."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_CEILING, Context, Decimal, Inexact
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import Row

YEN: Final = "JPY"
GOOD_FOR: Final = timedelta(days=35)
"""How long a rate counts, its first day included: firms fix theirs (社内レート) once a month, and some days late."""
_EXACT: Final = Context(prec=60, traps=[Inexact])
"""The widest amount times the widest rate has half as many digits, with all decimals of both."""


@dataclass(frozen=True, slots=True)
class Rate:
    """A row of the rate table, as it is kept with what was compared by it."""

    id: UUID
    currency: str
    yen_per_unit: Decimal
    valid_from: date
    """A day in Japan."""


Rates = Mapping[str, Rate]
"""By currency, as they count on one day."""
NO_RATES: Final[Rates] = {}


def comparable(one: str, other: str, rates: Rates) -> bool:
    """Whether amounts of these currencies can be measured by each other."""
    return one == other or all(currency == YEN or currency in rates for currency in (one, other))


def worth(amount: Decimal | None, currency: str, rates: Rates) -> Decimal | None:
    """Exactly, in yen; None for no amount, and for a currency without a rate."""
    if amount is None:
        return None
    if currency == YEN:
        return amount
    rate = rates.get(currency)
    return None if rate is None else _EXACT.multiply(amount, rate.yen_per_unit)


def in_yen(amount: Decimal | None, currency: str, rates: Rates) -> int | None:
    """Whole yen, as an amount is shown and compared: rounded up, so that it never counts as less than it is."""
    exact = worth(amount, currency, rates)
    return None if exact is None else int(exact.to_integral_value(ROUND_CEILING))


def shown_in_yen(amount: Decimal | None, currency: str, kept: Iterable[Rate]) -> int | None:
    """What stands beside an amount: None for an amount in yen itself, and without its rate."""
    return None if currency == YEN else in_yen(amount, currency, by_currency(kept))


def of(currencies: Iterable[str], rates: Rates) -> tuple[Rate, ...]:
    """The rates of these currencies, as far as there are any, in the order of their codes."""
    return tuple(rates[currency] for currency in sorted(set(currencies)) if currency in rates)


def by_currency(kept: Iterable[Rate]) -> Rates:
    return {rate.currency: rate for rate in kept}


def rate(row: Row) -> Rate:
    """From a row of ``repository.rates``."""
    return Rate(row["id"], row["currency"], row["yen_per_unit"], row["valid_from"])


def to_json(rates: Iterable[Rate]) -> list[dict[str, Any]]:
    """The form in which they are kept with a request, and shown."""
    return [
        {
            "id": str(one.id),
            "currency": one.currency,
            "yenPerUnit": str(one.yen_per_unit),
            "validFrom": one.valid_from.isoformat(),
        }
        for one in rates
    ]


def from_json(kept: Iterable[dict[str, Any]] | None) -> tuple[Rate, ...]:
    """``kept`` is None for what is older than rates are."""
    return tuple(
        Rate(UUID(one["id"]), one["currency"], Decimal(one["yenPerUnit"]), date.fromisoformat(one["validFrom"]))
        for one in kept or ()
    )
