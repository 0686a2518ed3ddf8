"""The words of investment profiles, which more than one remote shows, in the language of the running request."""

from __future__ import annotations

from frontend.ui.i18n import gettext

CARE_AGE = 75  # from here products that need care ask for a superior's approval first (domain model, Suitability)
SAME_DAY_AGE = 80  # from here no order on the same day (domain model, Suitability)


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


def objectives() -> dict[str, str]:
    return {
        "CAPITAL_PRESERVATION": gettext("Capital preservation"),
        "INCOME": gettext("Interest and dividends"),
        "GROWTH": gettext("Capital gains"),
        "SHORT_TERM": gettext("Short-term trading"),
        "RETIREMENT": gettext("Retirement"),
        "INHERITANCE": gettext("Inheritance"),
    }


def periods() -> dict[str, str]:
    """Investment horizons."""
    return {
        "UNDER_1Y": gettext("Under 1 year"),
        "Y1_3": gettext("1–3 years"),
        "Y3_5": gettext("3–5 years"),
        "Y5_10": gettext("5–10 years"),
        "OVER_10Y": gettext("10 years or more"),
    }


def experiences() -> dict[str, str]:
    return {"NONE": gettext("None"), **periods()}


def fund_sources() -> dict[str, str]:
    return {"SURPLUS": gettext("Surplus funds"), "EARMARKED": gettext("Funds with a set purpose")}


def investor_classes() -> dict[str, str]:
    return {"GENERAL": gettext("General investor"), "PROFESSIONAL": gettext("Professional investor")}


def age_rule(age: int) -> str:
    """What this age asks of whoever proposes something to a person; empty for nothing."""
    if age >= SAME_DAY_AGE:
        return gettext("no order on the same day, and a superior's prior approval")
    return gettext("a superior's prior approval") if age >= CARE_AGE else ""


def flag_text(flag: str) -> str:
    """What age, profile or past of a customer ask of whoever proposes something to them."""
    return {
        "SENIOR_80": gettext("Aged 80 or over: no order on the same day"),
        "SENIOR_75": gettext("Aged 75 or over: needs a superior's prior approval"),
        "PROFILE_MISSING": gettext("No investment profile yet"),
        "PROFILE_STALE": gettext("Investment profile older than 12 months"),
        "PROFILE_INCOMPLETE": gettext("Investment profile incomplete"),
        "FIRST_IN_PRODUCT": gettext(
            "First in this product: none of the customer's requests for it was approved before"
        ),
        "AMOUNT_RISE": gettext("Amount far above what was approved for the customer within a year"),
        "RISK_ABOVE_TOLERANCE": gettext("Risk of the product above the customer's risk tolerance"),
    }.get(flag, flag)
