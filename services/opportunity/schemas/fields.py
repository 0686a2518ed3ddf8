"""What several bodies of the approvals API share: limits, and types of single values."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from babel.core import get_global
from babel.numbers import get_currency_precision, get_territory_currencies
from pydantic import AfterValidator, Field, StringConstraints, ValidationError
from pydantic_core import InitErrorDetails, PydanticCustomError

from services.contracts.money import EXACT, json_schema, normal
from services.kit.http.paging import CURSOR_MAX_LENGTH, DEFAULT_LIMIT, MAX_LIMIT
from services.kit.models import QueryModel, ResponseModel
from services.kit.text.fields import Line, Lines
from services.opportunity.exchange import YEN

MAX_STAGES = 10
MAX_APPROVERS = 20
MAX_DEADLINE_HOURS = 24 * 365
MAX_AMOUNT = 10**15
DEFAULT_CURRENCY: Final = YEN


def _legal_tender(code: str) -> str:
    if code not in CURRENCIES:
        raise PydanticCustomError("currency_unknown", "Value is not the code of a currency in use (ISO 4217)")
    return code


CURRENCIES: Final = frozenset(
    code for territory in get_global("territory_currencies") for code in get_territory_currencies(territory)
)
"""Codes of ISO 4217 that are legal tender somewhere today (CLDR): no test codes, funds, metals, former currencies."""


def decimals(currency: str) -> int:
    """Of an amount of one of ``CURRENCIES``: 0 for JPY, 2 for USD, 3 for KWD (CLDR)."""
    return get_currency_precision(currency)


def require_decimals(currency: str, amounts: Mapping[tuple[str, ...], Decimal | None]) -> None:
    """Nothing is rounded. ``amounts`` by where they stand in their body; raises ValidationError with an error for each
    that its currency can't express."""
    most = decimals(currency)
    wrong = [
        InitErrorDetails(type=_too_fine(currency, most), loc=place, input=amount)
        for place, amount in amounts.items()
        if amount is not None and _decimals_of(amount) > most
    ]
    if wrong:
        raise ValidationError.from_exception_data("Amounts", wrong)


def _decimals_of(amount: Decimal) -> int:
    exponent = normal(amount).as_tuple().exponent
    assert isinstance(exponent, int)
    return max(0, -exponent)


def _too_fine(currency: str, most: int) -> PydanticCustomError:
    return PydanticCustomError(
        "amount_decimals",
        "An amount in {currency} has at most {most} decimals",
        {"currency": currency, "most": most},
    )


Title = Annotated[str, Line(200)]
Description = Annotated[str, Lines(10_000)]
Comment = Annotated[str, Lines(4_000, minimum=1, trimmed=True)]
Amount = Annotated[Decimal, Field(ge=0, le=MAX_AMOUNT), *EXACT, json_schema(minimum=0, maximum=MAX_AMOUNT)]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_legal_tender)]
StageName = Annotated[str, Line(80)]
Hours = Annotated[int, Field(ge=1, le=MAX_DEADLINE_HOURS)]
StagePosition = Annotated[int, Field(ge=0, lt=MAX_STAGES)]
VersionNumber = Annotated[int, Field(ge=1, le=2**31 - 1)]
Revision = Annotated[int, Field(ge=1, le=2**31 - 1)]


class PageQuery(QueryModel):
    limit: Annotated[int, Field(ge=1, le=MAX_LIMIT)] = DEFAULT_LIMIT
    cursor: Annotated[str, StringConstraints(max_length=CURSOR_MAX_LENGTH)] | None = None


class Person(ResponseModel):
    id: UUID
    name: str | None
