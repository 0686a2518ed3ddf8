"""Currencies and what amounts are worth, in the language of the running request."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Final, Protocol

from babel.core import Locale, get_global
from babel.numbers import get_currency_name, get_territory_currencies

from frontend.opportunity.views import Rate
from frontend.ui.formats import YEN, day, money
from frontend.ui.i18n import babel_locale, gettext

COMMON: Final = ("JPY", "USD", "EUR", "GBP", "AUD", "CHF", "CNY", "HKD")


class Priced(Protocol):
    """What has an amount, and perhaps the rate that it was compared by."""

    @property
    def currency(self) -> str: ...
    @property
    def yen_amount(self) -> int | None: ...
    @property
    def rates(self) -> Sequence[Rate]: ...


def currencies() -> Sequence[tuple[str, str]]:
    """Every currency in use, as the API takes them; the common ones first."""
    return _currencies(babel_locale())


@lru_cache(maxsize=8)
def _currencies(locale: Locale) -> Sequence[tuple[str, str]]:
    codes = {code for territory in get_global("territory_currencies") for code in get_territory_currencies(territory)}
    ordered = [*COMMON, *sorted(codes - set(COMMON))]
    return tuple((code, f"{code} {get_currency_name(code, locale=locale)}") for code in ordered)


def foreign_currencies() -> list[tuple[str, str]]:
    return [(code, text) for code, text in currencies() if code != YEN]


def yen_per_unit(figure: str) -> str:
    """`¥1,234.50`, with the decimals that were entered."""
    return f"¥{Decimal(figure):,f}"


def rate_text(rate: Rate) -> str:
    """`1 USD = ¥150.00 (2026/11/01)`."""
    parts = {"currency": rate.currency, "yen": yen_per_unit(rate.yen_per_unit), "day": day(rate.valid_from, year=True)}
    return gettext("1 %(currency)s = %(yen)s (rate of %(day)s)") % parts


def rates_text(priced: Priced) -> str:
    """The rate of the amount's own currency first."""
    ordered = sorted(priced.rates, key=lambda rate: (rate.currency != priced.currency, rate.currency))
    return ", ".join(map(rate_text, ordered))


def worth_text(priced: Priced) -> str:
    """`≈ ¥1,800,000`; empty for yen, and without a rate."""
    return "" if priced.yen_amount is None else f"≈ {money(priced.yen_amount)}"
