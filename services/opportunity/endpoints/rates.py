"""HTTP of the rate table: everybody with a part in approvals reads it, administrators add to it."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.paging import page
from services.opportunity.endpoints.dependencies import ApprovalReader, RouteEditor
from services.opportunity.exchange import GOOD_FOR
from services.opportunity.schemas.rates import RateInput, RateOutput, RatePage, RateQuery
from services.opportunity.service import rates

router = APIRouter(tags=["approval rules"], route_class=ServiceRoute)


@router.get("/currency-rates", response_model=RatePage)
async def list_currency_rates(
    _principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[RateQuery, Query()]
) -> Response:
    """All that were ever entered, the latest day first; `state` tells which ones count today."""
    key = kit.cursors.decode("currency-rates", query.cursor, [date, UUID])
    after = None if key is None else (key[0], key[1])
    rows = await rates.page(reader, query, after=after, limit=query.limit + 1)
    answer = page(rows, query.limit, lambda row: kit.cursors.encode("currency-rates", [row["validFrom"], row["id"]]))
    return json_response(answer | {"goodForDays": GOOD_FOR.days, "stale": await rates.too_old(reader)})


@router.get("/currency-rates/{rate_id}", response_model=RateOutput)
async def get_currency_rate(_principal: ApprovalReader, reader: Reads, rate_id: UUID) -> Response:
    """The very rate that a request names."""
    return json_response(await rates.one(reader, rate_id))


@router.post("/currency-rates", response_model=RateOutput, status_code=201)
async def enter_currency_rate(_principal: RouteEditor, uow: Uow, body: RateInput) -> Response:
    """What a currency is worth from a day on. A row is never changed: another one for the same day corrects it."""
    row = await rates.enter(uow, body)
    return json_response(row, 201, headers={"Location": f"/api/v1/currency-rates/{row['id']}"})
