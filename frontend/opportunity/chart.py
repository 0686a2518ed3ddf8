"""The weekly chart of approvals and rejections: a fragment of its own, for the dashboards."""

from __future__ import annotations

from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity.views import WeeklyReport
from frontend.ui.formats import day, week_start
from frontend.ui.gateway import GatewayProblem
from frontend.ui.page import Page
from frontend.ui.time_zone import office_now

WEEKS = 8


async def weekly(request: Request) -> Response:
    """GET /approvals/-/weekly: the last eight weeks. Those who may see no figures get nothing."""
    page = Page.of(request)
    now = office_now()
    first, end = week_start(now, WEEKS - 1), now.date() + timedelta(days=1)
    try:
        answer = await page.gateway.get(
            "/reports/approval-statistics", from_=first.isoformat(), to=end.isoformat(), groupBy="week"
        )
    except GatewayProblem as problem:
        return page.render("opportunity/weekly.html", report=None, outage=problem.is_outage)
    report = WeeklyReport.model_validate(answer)
    weeks = report.weekly[-WEEKS:]
    return page.render(
        "opportunity/weekly.html",
        report=report,
        outage=False,
        labels=[day(week["week"]["from"]) for week in weeks],
        approved=[_whole(week.get("approved")) for week in weeks],
        rejected=[_whole(week.get("rejected")) for week in weeks],
        median=report.figures["medianDecisionSeconds"].value if "medianDecisionSeconds" in report.figures else None,
    )


def _whole(value: float | None) -> int:
    return int(value or 0)
