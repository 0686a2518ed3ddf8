"""HTTP of the firm's calendar: everybody with a part in approvals reads it, administrators keep it."""

from fastapi import APIRouter, Request, Response

from services.kit.http import Reads, ServiceRoute, Uow, json_response
from services.kit.http.problems import preferred_locale
from services.opportunity.endpoints.dependencies import ApprovalReader, RouteEditor
from services.opportunity.schemas.firm_calendar import (
    CalendarState,
    CalendarYear,
    ConfirmationInput,
    DaysInput,
    Year,
)
from services.opportunity.service import firm_calendar

router = APIRouter(tags=["approval rules"], route_class=ServiceRoute)


@router.get("/business-calendar", response_model=CalendarState)
async def get_state_of_business_calendar(_principal: ApprovalReader, reader: Reads) -> Response:
    """Up to which day its holidays are confirmed, and whether that is too short."""
    return json_response(await firm_calendar.state(reader))


@router.get("/business-calendar/{year}", response_model=CalendarYear)
async def get_business_calendar(_principal: ApprovalReader, request: Request, reader: Reads, year: Year) -> Response:
    """Every day of a year: whether it is a business day, and why. Names of holidays are in the caller's language."""
    locale = preferred_locale(request.headers.get("accept-language"))
    return json_response(await firm_calendar.year_of(reader, year, locale))


@router.post("/business-calendar/days", response_model=CalendarYear)
async def set_business_days(_principal: RouteEditor, request: Request, uow: Uow, body: DaysInput) -> Response:
    """Days on which the firm is closed or open, whatever the calendar of Japan says. Deadlines are computed by them
    from now on; those that run stay as they are. The answer is the year of the first day."""
    await firm_calendar.say(uow, body)
    locale = preferred_locale(request.headers.get("accept-language"))
    return json_response(await firm_calendar.year_of(uow, body.first_day.year, locale))


@router.put("/business-calendar/{year}/confirmation", response_model=CalendarYear)
async def confirm_business_calendar(
    _principal: RouteEditor, request: Request, uow: Uow, year: Year, body: ConfirmationInput
) -> Response:
    """Say that the holidays of a year are those that were proclaimed, or take that back."""
    await firm_calendar.confirm(uow, year, confirmed=body.confirmed)
    locale = preferred_locale(request.headers.get("accept-language"))
    return json_response(await firm_calendar.year_of(uow, year, locale))
