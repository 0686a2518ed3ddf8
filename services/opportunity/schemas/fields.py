"""What several bodies of the approvals API share: limits, and types of single values."""

from typing import Annotated, Final
from uuid import UUID

from babel.core import get_global
from babel.numbers import get_territory_currencies
from pydantic import AfterValidator, Field, StringConstraints
from pydantic_core import PydanticCustomError

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

Title = Annotated[str, Line(200)]
Description = Annotated[str, Lines(10_000)]
Comment = Annotated[str, Lines(4_000, minimum=1, trimmed=True)]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT)]
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
