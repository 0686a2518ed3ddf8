"""The words of what kinds of requests ask for, which more than one remote shows, in the language of the request."""

from __future__ import annotations

from frontend.ui import profile_words
from frontend.ui.formats import YEN
from frontend.ui.i18n import gettext


def label(name: str) -> str:
    """A field; as the API calls it where a later version has one that is unknown here."""
    return {
        "product": gettext("Product"),
        "productName": gettext("Name of the product"),
        "riskClass": gettext("Risk class"),
        "complexProduct": gettext("Complex product"),
        "feeRateBefore": gettext("Present fee rate"),
        "feeRateAfter": gettext("Requested fee rate"),
        "validFrom": gettext("Discount from"),
        "validUntil": gettext("Discount until"),
        "discountReason": gettext("Grounds for the discount"),
        "purchaseFeeRate": gettext("Fee on buying"),
        "yearlyCostRate": gettext("Running cost a year"),
        "plannedOn": gettext("Proposal planned for"),
        "exceptionReason": gettext("What it goes beyond"),
        "customerInitiated": gettext("Asked for by the customer"),
        "change": gettext("What changes"),
        "effectiveOn": gettext("Change planned for"),
        "creditLineBefore": gettext("Present credit line"),
        "creditLineAfter": gettext("Requested credit line"),
        "purpose": gettext("Purpose"),
        "spentOn": gettext("Day of the expense"),
        "payee": gettext("Payee"),
        "participants": gettext("Participants"),
    }.get(name, name)


def pair_label(later: str) -> str:
    """Two fields in one line, by the name of the later one; empty where they have lines of their own."""
    return {
        "feeRateAfter": gettext("Fee rate"),
        "validUntil": gettext("Discount period"),
        "creditLineAfter": gettext("Credit line"),
    }.get(later, "")


def choice_text(name: str, value: str) -> str:
    return _choices(name).get(value, value)


def _choices(name: str) -> dict[str, str]:
    match name:
        case "product":
            return profile_words.products()
        case "riskClass":
            risks = profile_words.risks()
            return {risk: f"{number} {text}" for number, (risk, text) in enumerate(risks.items(), start=1)}
        case "discountReason":
            return _discount_reasons()
        case "exceptionReason":
            return _exception_reasons()
        case "change":
            return _account_changes()
        case "purpose":
            return _purposes()
        case _:
            return {}


def _discount_reasons() -> dict[str, str]:
    return {
        "ASSETS_HELD": gettext("Assets held with us"),
        "LARGE_ORDER": gettext("Large order"),
        "COMPETING_OFFER": gettext("Offer of another firm"),
        "WHOLE_RELATIONSHIP": gettext("The relationship as a whole"),
        "OTHER": gettext("Other"),
    }


def _exception_reasons() -> dict[str, str]:
    return {
        "RISK_ABOVE_TOLERANCE": gettext("Risk above the customer's tolerance"),
        "HORIZON_TOO_SHORT": gettext("Horizon too short"),
        "NO_EXPERIENCE": gettext("No experience with the product"),
        "CONCENTRATION": gettext("Concentration of assets"),
    }


def _account_changes() -> dict[str, str]:
    return {
        "MARGIN_TRADING": gettext("Margin trading account"),
        "DERIVATIVES": gettext("Futures and options account"),
        "FOREIGN_SECURITIES": gettext("Foreign securities account"),
        "CREDIT_LINE": gettext("Credit line"),
        "NOTICE_ADDRESS": gettext("Address for notices"),
        "OTHER": gettext("Other"),
    }


def _purposes() -> dict[str, str]:
    return {
        "ENTERTAINMENT": gettext("Entertainment"),
        "GIFT": gettext("Gift"),
        "SEMINAR": gettext("Seminar"),
        "TRAVEL": gettext("Travel"),
        "OTHER": gettext("Other"),
    }


def yes_no(value: bool) -> str:
    return gettext("Yes") if value else gettext("No")


def with_currency(text: str, currency: str) -> str:
    if currency == YEN:
        return gettext("%(label)s (yen)") % {"label": text}
    return gettext("%(label)s (%(currency)s)") % {"label": text, "currency": currency}


def with_percent(text: str) -> str:
    return gettext("%(label)s (%%)") % {"label": text}
