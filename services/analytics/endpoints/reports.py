"""GET /reports/…: the four reports and the daily metrics."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated, Any, Final
from zoneinfo import ZoneInfo

import orjson
from fastapi import APIRouter, Query
from pydantic import Field
from starlette.requests import Request
from starlette.responses import Response

from services.analytics import access, schemas
from services.analytics.endpoints.dependencies import ApprovalFiguresReader, ReportReader
from services.analytics.reports import metrics
from services.analytics.reports.answers import answer
from services.analytics.reports.cache import ReportCache
from services.analytics.reports.compute import Question
from services.analytics.reports.export import as_csv
from services.analytics.reports.links import Asked
from services.analytics.reports.period import DEFAULT_TIME_ZONE, EARLIEST, LATEST, GroupBy, Period
from services.analytics.reports.registry import (
    APPROVAL_STATISTICS,
    CUSTOMER_STATISTICS,
    SALES_SUMMARY,
    TASK_COMPLETION,
    Report,
)
from services.analytics.reports.sql import By
from services.contracts.permissions import Permission
from services.kit.db.unit_of_work import Reader
from services.kit.http import Reads, json_response
from services.kit.models import QueryModel
from services.kit.running import clock
from services.kit.trust.principal import Principal

router = APIRouter(prefix="/reports", tags=["reports"])

CSV_TYPE: Final = "text/csv; charset=utf-8"
_CSV_SCHEMA: Final = {
    "type": "string",
    "description": (
        "A line for each group and, last, one for the whole period. The first line names the columns, the same in "
        "every language: `from`, `to` (the day after the last one), `key` (the rep's name or the team's, empty for "
        "everybody), each figure by its name in JSON, a sum of money once for each currency "
        "(`requestsApprovedAmount.JPY`), `asOf`. UTF-8 with a byte order mark; a name that a spreadsheet would take "
        "for a formula begins with an apostrophe."
    ),
}
_DOCUMENTED: Final[dict[int | str, dict[str, Any]]] = {200: {"content": {"text/csv": {"schema": _CSV_SCHEMA}}}}


class Format(StrEnum):
    JSON = "json"
    CSV = "csv"


class PeriodQuery(QueryModel):
    """Without dates: the present month up to and including today."""

    first: date | None = Field(None, alias="from", ge=EARLIEST, le=LATEST, description="First day of the period.")
    end: date | None = Field(None, alias="to", ge=EARLIEST, le=LATEST, description="The day after the last one.")
    time_zone: str = Field(DEFAULT_TIME_ZONE, max_length=64, description="IANA name; days begin at its midnight.")

    def period(self) -> Period:
        checked = Period.of(date(2000, 1, 1), date(2000, 1, 2), self.time_zone)
        today = clock.now().astimezone(ZoneInfo(checked.time_zone.key)).date()
        end = self.end or max(today, self.first or today) + timedelta(days=1)
        return Period.of(self.first or (end - timedelta(days=1)).replace(day=1), end, self.time_zone)


class ReportQuery(PeriodQuery):
    group_by: GroupBy | None = None
    by: By | None = None
    format: Format = Format.JSON


ReportQueryParameters = Annotated[ReportQuery, Query()]


async def _respond(
    request: Request, reader: Reader, principal: Principal, query: ReportQuery, report: Report, *, own_inbox: bool
) -> Response:
    question = Question(
        period=query.period(),
        group_by=query.group_by,
        by=query.by,
        asked=Asked(
            principal.user_id,
            await access.visible_reps(reader, principal),
            principal.user_id if own_inbox else None,
        ),
    )
    cache: ReportCache = request.app.state.report_cache
    body = await answer(reader, cache, report, question)
    if query.format is Format.JSON:
        return Response(body, media_type="application/json")
    file_name = f"{report.name}_{question.period.first}_{question.period.end}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{file_name}"'}
    return Response(as_csv(orjson.loads(body)), headers=headers, media_type=CSV_TYPE)


@router.get("/sales-summary", response_model=schemas.ReportView, responses=_DOCUMENTED)
async def sales_summary(
    request: Request, reader: Reads, principal: ReportReader, query: ReportQueryParameters
) -> Response:
    return await _respond(request, reader, principal, query, SALES_SUMMARY, own_inbox=False)


@router.get("/customer-statistics", response_model=schemas.ReportView, responses=_DOCUMENTED)
async def customer_statistics(
    request: Request, reader: Reads, principal: ReportReader, query: ReportQueryParameters
) -> Response:
    return await _respond(request, reader, principal, query, CUSTOMER_STATISTICS, own_inbox=False)


@router.get("/approval-statistics", response_model=schemas.ReportView, responses=_DOCUMENTED)
async def approval_statistics(
    request: Request, reader: Reads, principal: ApprovalFiguresReader, query: ReportQueryParameters
) -> Response:
    """Also for approvers: the requests that name them."""
    decides = principal.has(Permission.APPROVAL_DECIDE)
    return await _respond(request, reader, principal, query, APPROVAL_STATISTICS, own_inbox=decides)


@router.get("/task-completion", response_model=schemas.ReportView, responses=_DOCUMENTED)
async def task_completion(
    request: Request, reader: Reads, principal: ReportReader, query: ReportQueryParameters
) -> Response:
    return await _respond(request, reader, principal, query, TASK_COMPLETION, own_inbox=False)


@router.get("/metrics", response_model=schemas.MetricList)
async def daily_metrics(
    reader: Reads,
    principal: ReportReader,
    query: Annotated[PeriodQuery, Query()],
) -> Response:
    """How often what happened, by event type and day (Asia/Tokyo), over all reps whom the caller sees."""
    period = query.period()
    items = await metrics.by_day(reader, period, await access.visible_reps(reader, principal))
    return json_response({"items": items, "asOf": clock.now()})
