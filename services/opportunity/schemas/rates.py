"""The rate table 為替レート."""

from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from services.kit.models import CamelModel, ResponseModel
from services.kit.text.fields import Lines
from services.opportunity.exchange import YEN
from services.opportunity.schemas.fields import Currency, PageQuery


def _foreign(code: str) -> str:
    if code == YEN:
        raise PydanticCustomError("rate_of_yen", "Rates are in yen: the yen itself has none")
    return code


ForeignCurrency = Annotated[Currency, AfterValidator(_foreign)]
YenPerUnit = Annotated[Decimal, Field(gt=0, lt=10_000_000, decimal_places=8)]


class RateInput(CamelModel):
    """``yenPerUnit``: of one unit, as a decimal text; ``validFrom``: a day in Japan.

    ``confirmed``: that it is meant though it is far from the one that counts so far.
    """

    currency: ForeignCurrency
    yen_per_unit: YenPerUnit
    valid_from: date
    note: Annotated[str, Lines(500, trimmed=True)] = ""
    confirmed: bool = False


class RateState(StrEnum):
    """Of a row today. STALE: the newest of its currency, but too old to count."""

    CURRENT = "CURRENT"
    PLANNED = "PLANNED"
    PAST = "PAST"
    STALE = "STALE"
    CORRECTED = "CORRECTED"
    """Another row for the same day was written later."""


class RateOutput(ResponseModel):
    id: UUID
    currency: str
    yen_per_unit: Decimal
    valid_from: date
    note: str
    created_by: UUID | None
    created_by_name: str | None
    created_at: datetime
    state: RateState


class StaleRate(ResponseModel):
    currency: str
    valid_from: date


class RatePage(ResponseModel):
    """``goodForDays``: how many days a rate counts, the day from which it is valid included. ``stale``: currencies
    whose newest rate counts no more, so that their amounts take the strictest route."""

    items: list[RateOutput]
    next_cursor: str | None
    good_for_days: int
    stale: list[StaleRate]


class RateQuery(PageQuery):
    currency: Currency | None = None


class KeptRate(ResponseModel):
    """A rate as it is kept with what was compared by it, and shown beside it."""

    id: UUID
    currency: str
    yen_per_unit: Decimal
    valid_from: date
