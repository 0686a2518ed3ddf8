"""How much of a customer's financial assets an amount is, as far as a band of assets tells. Integers only."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from services.contracts.states import MoneyBand

_MILLION: Final = 1_000_000
BANDS_YEN: Final[dict[MoneyBand, tuple[int, int | None]]] = {
    MoneyBand.UNDER_5M: (0, 5 * _MILLION),
    MoneyBand.M5_10: (5 * _MILLION, 10 * _MILLION),
    MoneyBand.M10_30: (10 * _MILLION, 30 * _MILLION),
    MoneyBand.M30_50: (30 * _MILLION, 50 * _MILLION),
    MoneyBand.M50_100: (50 * _MILLION, 100 * _MILLION),
    MoneyBand.M100_500: (100 * _MILLION, 500 * _MILLION),
    MoneyBand.OVER_500M: (500 * _MILLION, None),
}
"""From, and below which; None for a band that is open above (domain model, Investment profile)."""
COMPARED_CURRENCY: Final = "JPY"
"""Bands are in yen, and amounts are compared within one currency only."""


@dataclass(frozen=True, slots=True)
class Share:
    """Whole percent of the assets, rounded outwards: never less than ``low``, never more than ``high``.

    ``high``: None where the band begins at nothing, so that the amount may be any multiple of the assets.
    """

    low: int
    high: int | None


def share(amount: Decimal | None, currency: str, band: MoneyBand | None) -> Share | None:
    """None where there is nothing to compare: no amount, another currency, no band."""
    if amount is None or currency != COMPARED_CURRENCY or band is None:
        return None
    yen = int(amount)  # which have no decimals
    least, below = BANDS_YEN[band]
    low = 0 if below is None else 100 * yen // below
    return Share(low, None if least == 0 else -(-100 * yen // least))
