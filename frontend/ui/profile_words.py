"""The words of investment profiles, which more than one remote shows, in the language of the running request."""

from __future__ import annotations

from frontend.ui.i18n import gettext


def risks() -> dict[str, str]:
    """Risk tolerance, from the least to the most."""
    return {
        "STABLE": gettext("Stable"),
        "SOMEWHAT_STABLE": gettext("Somewhat stable"),
        "BALANCED": gettext("Balanced"),
        "SOMEWHAT_AGGRESSIVE": gettext("Somewhat aggressive"),
        "AGGRESSIVE": gettext("Aggressive"),
    }


def products() -> dict[str, str]:
    """What customers deal in, and have experience with."""
    return {
        "EQUITIES": gettext("Equities"),
        "FUNDS": gettext("Investment trusts"),
        "BONDS": gettext("Bonds"),
        "FOREIGN_CURRENCY": gettext("Foreign currency"),
        "DERIVATIVES": gettext("Derivatives"),
    }


def money_bands() -> dict[str, str]:
    """Financial assets and yearly income, in yen, from the least to the most."""
    return {
        "UNDER_5M": gettext("Under ¥5m"),
        "M5_10": gettext("¥5m–10m"),
        "M10_30": gettext("¥10m–30m"),
        "M30_50": gettext("¥30m–50m"),
        "M50_100": gettext("¥50m–100m"),
        "M100_500": gettext("¥100m–500m"),
        "OVER_500M": gettext("¥500m or more"),
    }


def flag_text(flag: str) -> str:
    """What a customer's age or profile asks of whoever proposes something to them."""
    return {
        "SENIOR_80": gettext("Aged 80 or over: no order on the same day"),
        "SENIOR_75": gettext("Aged 75 or over: needs a superior's prior approval"),
        "PROFILE_MISSING": gettext("No investment profile yet"),
        "PROFILE_STALE": gettext("Investment profile older than 12 months"),
        "PROFILE_INCOMPLETE": gettext("Investment profile incomplete"),
    }.get(flag, flag)
