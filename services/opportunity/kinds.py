"""What each kind of request asks for beyond what all requests have: the one list of its fields.

Schemas, the form of clients (``GET /approvals/kinds``) and comparisons are made from it. Names and values are those of
the API; labels belong to whoever shows them.
"""

import operator
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final

from services.contracts.states import ApprovalKind, Product, RiskTolerance


class FieldType(StrEnum):
    CHOICE = "CHOICE"
    PERCENT = "PERCENT"
    """A decimal text, exact, without zeros at its end: ``0.6325``."""
    MONEY = "MONEY"
    """In the request's currency, with its decimals, in the form of ``amount`` (``contracts.money``)."""
    DATE = "DATE"
    COUNT = "COUNT"
    YES_NO = "YES_NO"
    TEXT = "TEXT"


class Comparison(StrEnum):
    LESS = "LESS"
    NOT_BEFORE = "NOT_BEFORE"
    DIFFERENT = "DIFFERENT"


class DiscountReason(StrEnum):
    """預り資産, 大口注文, 他社対抗, 総合取引, その他."""

    ASSETS_HELD = "ASSETS_HELD"
    LARGE_ORDER = "LARGE_ORDER"
    COMPETING_OFFER = "COMPETING_OFFER"
    WHOLE_RELATIONSHIP = "WHOLE_RELATIONSHIP"
    OTHER = "OTHER"


class ExceptionReason(StrEnum):
    """In what the product goes beyond the customer's profile: リスク許容度, 投資期間, 投資経験, 集中."""

    RISK_ABOVE_TOLERANCE = "RISK_ABOVE_TOLERANCE"
    HORIZON_TOO_SHORT = "HORIZON_TOO_SHORT"
    NO_EXPERIENCE = "NO_EXPERIENCE"
    CONCENTRATION = "CONCENTRATION"


class AccountChange(StrEnum):
    """信用取引口座, 先物・オプション口座, 外国証券口座, 与信枠, 通知先住所, 担当・その他."""

    MARGIN_TRADING = "MARGIN_TRADING"
    DERIVATIVES = "DERIVATIVES"
    FOREIGN_SECURITIES = "FOREIGN_SECURITIES"
    CREDIT_LINE = "CREDIT_LINE"
    NOTICE_ADDRESS = "NOTICE_ADDRESS"
    OTHER = "OTHER"


class ExpensePurpose(StrEnum):
    """接待, 贈答, セミナー, 出張, その他."""

    ENTERTAINMENT = "ENTERTAINMENT"
    GIFT = "GIFT"
    SEMINAR = "SEMINAR"
    TRAVEL = "TRAVEL"
    OTHER = "OTHER"


NAME_MAX: Final = 100
COUNT_MAX: Final = 10_000
PERCENT_MAX: Final = 100
PERCENT_DECIMALS: Final = 4
EARLIEST: Final = date(2000, 1, 1)
LATEST: Final = date(2099, 12, 31)


@dataclass(frozen=True, slots=True)
class Compared:
    """What must hold against an earlier field of the same kind, once both are given."""

    field: str
    rule: Comparison


@dataclass(frozen=True, slots=True)
class OnlyIf:
    """The field belongs to requests in which another one has this value, and to no others."""

    field: str
    value: str


@dataclass(frozen=True, slots=True)
class KindField:
    name: str
    value_type: FieldType
    meaning: str
    required: bool = True
    """Once the request is submitted; drafts may lack it."""
    choices: type[StrEnum] | None = None
    compared: Compared | None = None
    only_if: OnlyIf | None = None


_PRODUCT: Final = KindField("product", FieldType.CHOICE, "What is dealt in.", choices=Product)
_RISK_CLASS: Final = KindField(
    "riskClass",
    FieldType.CHOICE,
    "Risk class of the product, named by the risk tolerance that it takes; from 1 (STABLE) to 5 (AGGRESSIVE).",
    choices=RiskTolerance,
)
FIELDS: Final[Mapping[ApprovalKind, tuple[KindField, ...]]] = {
    ApprovalKind.FEE_DISCOUNT: (
        _PRODUCT,
        KindField("feeRateBefore", FieldType.PERCENT, "Fee as it is now, % of the amount dealt."),
        KindField(
            "feeRateAfter",
            FieldType.PERCENT,
            "Fee that is asked for.",
            compared=Compared("feeRateBefore", Comparison.LESS),
        ),
        KindField("validFrom", FieldType.DATE, "First day of the discount."),
        KindField(
            "validUntil",
            FieldType.DATE,
            "Last day of the discount.",
            compared=Compared("validFrom", Comparison.NOT_BEFORE),
        ),
        KindField("discountReason", FieldType.CHOICE, "What justifies it.", choices=DiscountReason),
    ),
    ApprovalKind.PRODUCT_PROPOSAL: (
        _PRODUCT,
        KindField("productName", FieldType.TEXT, "Name of what is to be proposed."),
        _RISK_CLASS,
        KindField("complexProduct", FieldType.YES_NO, "Whether it is structured, leveraged or otherwise complex."),
        KindField("purchaseFeeRate", FieldType.PERCENT, "Fee on buying, % of the amount."),
        KindField("yearlyCostRate", FieldType.PERCENT, "Running cost, % a year.", required=False),
        KindField("plannedOn", FieldType.DATE, "When it is to be proposed."),
    ),
    ApprovalKind.SUITABILITY_EXCEPTION: (
        _PRODUCT,
        KindField("productName", FieldType.TEXT, "Name of what the customer is to deal in.", required=False),
        _RISK_CLASS,
        KindField("exceptionReason", FieldType.CHOICE, "Where it exceeds the profile.", choices=ExceptionReason),
        KindField("customerInitiated", FieldType.YES_NO, "Whether the customer asked for it unsolicited."),
    ),
    ApprovalKind.ACCOUNT_CHANGE: (
        KindField("change", FieldType.CHOICE, "What is to change.", choices=AccountChange),
        KindField("effectiveOn", FieldType.DATE, "From which day."),
        KindField(
            "creditLineBefore",
            FieldType.MONEY,
            "Credit line as it is now.",
            only_if=OnlyIf("change", AccountChange.CREDIT_LINE),
        ),
        KindField(
            "creditLineAfter",
            FieldType.MONEY,
            "Credit line that is asked for.",
            compared=Compared("creditLineBefore", Comparison.DIFFERENT),
            only_if=OnlyIf("change", AccountChange.CREDIT_LINE),
        ),
    ),
    ApprovalKind.EXPENSE: (
        KindField("purpose", FieldType.CHOICE, "What the money is for.", choices=ExpensePurpose),
        KindField("spentOn", FieldType.DATE, "Day of the expense, past or planned."),
        KindField("payee", FieldType.TEXT, "Who is paid."),
        KindField("participants", FieldType.COUNT, "How many people take part, one's own included."),
    ),
    ApprovalKind.OTHER: (),
}


def missing(kind: ApprovalKind, given: Mapping[str, Any]) -> list[str]:
    """Fields without which such a request can't be submitted."""
    return [
        field.name
        for field in FIELDS[kind]
        if field.required
        and field.name not in given
        and (field.only_if is None or given.get(field.only_if.field) == field.only_if.value)
    ]


def contradictions(kind: ApprovalKind, given: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Fields whose values don't go with others, each with the code of what is wrong."""
    for field in FIELDS[kind]:
        if field.name not in given:
            continue
        condition, compared = field.only_if, field.compared
        if condition is not None and given.get(condition.field, condition.value) != condition.value:
            yield field.name, "field_not_asked"
        elif compared is not None and compared.field in given:
            value, other = (_comparable(field.value_type, given[name]) for name in (field.name, compared.field))
            if not _HOLDS[compared.rule](value, other):
                yield field.name, _CODES[compared.rule]


def _comparable(value_type: FieldType, value: Any) -> Any:
    return Decimal(value) if value_type is FieldType.PERCENT else value


_HOLDS: Final = {Comparison.LESS: operator.lt, Comparison.NOT_BEFORE: operator.ge, Comparison.DIFFERENT: operator.ne}
_CODES: Final = {
    Comparison.LESS: "field_not_less",
    Comparison.NOT_BEFORE: "field_before",
    Comparison.DIFFERENT: "field_not_different",
}
