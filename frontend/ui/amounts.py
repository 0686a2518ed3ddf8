"""Amounts as people type them: `￥1,200,000`, `120万円`, `1.2億`, `USD 1,250.50`, in digits of either width."""

from __future__ import annotations

import re
from decimal import Decimal

from frontend.ui.formats import YEN, Amount, decimals, figures
from frontend.ui.i18n import gettext

MOST_DIGITS = 18
_UNITS = {"兆": 10**12, "億": 10**8, "千万": 10**7, "百万": 10**6, "万": 10**4, "千": 10**3}
_PART = re.compile(r"(?P<figure>[0-9,]+(?:\.[0-9]+)?)(?P<unit>千万|百万|[兆億万千]?)")
_GROUPED = re.compile(r"[0-9]{1,3}(?:,[0-9]{3})+")
_MAX_LENGTH = 64
_NARROW = {wide: wide - 0xFEE0 for wide in range(0xFF01, 0xFF5F)} | {0xFFE5: "¥"}
"""Full-width forms alone: the compatibility forms of Unicode also make 12 of 1²."""


class AmountRefused(ValueError):
    """What was typed is no amount; the text says why to the person."""


def parse_amount(text: str, currency: str = YEN) -> Amount:
    """As the API takes it. Raises AmountRefused, rather than guess or round: `12,00` may be 12 or 1,200."""
    if len(text) > _MAX_LENGTH:
        raise _not_understood(currency)
    typed = _without_currency(text.translate(_NARROW), currency)
    total, below, position = Decimal(0), max(_UNITS.values()) + 1, 0
    while position < len(typed):
        part = _PART.match(typed, position)
        if part is None:
            raise _not_understood(currency)
        size = _UNITS.get(part["unit"], 1)
        if size >= below:  # 万 before 億, or two figures beside each other
            raise _not_understood(currency)
        total += _figure(part["figure"]) * size
        below, position = size, part.end()
    exact = f"{total:f}".rstrip("0").rstrip(".") if total % 1 else f"{total:.0f}"
    if not typed or len(exact.partition(".")[2]) > decimals(currency) or total >= 10**MOST_DIGITS:
        raise _not_understood(currency)
    return exact if "." in exact else int(exact)


def _without_currency(text: str, currency: str) -> str:
    compact = "".join(text.split())
    if currency == YEN:
        compact = compact.removeprefix("¥").removeprefix("\\").removesuffix("円")
    return compact.removeprefix(currency).removesuffix(currency)


def _figure(text: str) -> Decimal:
    whole, _, fraction = text.partition(".")
    if "," in whole and not _GROUPED.fullmatch(whole):
        raise AmountRefused(gettext("Check the commas: they stand before every three digits, as in 1,200,000."))
    return Decimal(f"{whole.replace(',', '')}.{fraction or 0}")


def _not_understood(currency: str) -> AmountRefused:
    if currency == YEN:
        return AmountRefused(gettext("Enter whole yen, for example 1,200,000 or 120万."))
    most = decimals(currency)
    if most == 0:
        return AmountRefused(gettext("Enter whole %(currency)s, for example 1,200,000.") % {"currency": currency})
    message = gettext("Enter an amount in %(currency)s with at most %(n)s decimals, for example %(example)s.")
    return AmountRefused(message % {"currency": currency, "n": most, "example": figures("1250.5", currency)})
