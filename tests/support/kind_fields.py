"""What each kind of request asks for, filled in."""

from typing import Any, Final

from services.opportunity.schemas.kinds import DEFINITIONS

COMPLETE: Final[dict[str, dict[str, Any]]] = {
    "FEE_DISCOUNT": {
        "product": "FUNDS",
        "feeRateBefore": "1.65",
        "feeRateAfter": "1.1",
        "validFrom": "2026-04-01",
        "validUntil": "2027-03-31",
        "discountReason": "ASSETS_HELD",
    },
    "PRODUCT_PROPOSAL": {
        "product": "FUNDS",
        "productName": "グローバル債券ファンド",
        "riskClass": "BALANCED",
        "complexProduct": False,
        "purchaseFeeRate": "2.2",
        "yearlyCostRate": "0.99",
        "plannedOn": "2026-04-10",
    },
    "SUITABILITY_EXCEPTION": {
        "product": "DERIVATIVES",
        "riskClass": "AGGRESSIVE",
        "exceptionReason": "RISK_ABOVE_TOLERANCE",
        "customerInitiated": True,
    },
    "ACCOUNT_CHANGE": {"change": "MARGIN_TRADING", "effectiveOn": "2026-04-01"},
    "EXPENSE": {"purpose": "SEMINAR", "spentOn": "2026-04-15", "payee": "会場運営株式会社", "participants": 40},
    "OTHER": {},
}


def filled_in(request: dict[str, Any]) -> dict[str, Any]:
    """The body of a request, with what its kind asks for unless it says that itself."""
    return {"fields": COMPLETE.get(request["kind"], {})} | request


def definitions() -> dict[str, Any]:
    """What ``GET /approvals/kinds`` answers."""
    return DEFINITIONS.model_dump(mode="json", by_alias=True)
