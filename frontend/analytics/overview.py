"""The overview: the leading figures of all reports for the present month."""

from __future__ import annotations

import asyncio

from starlette.requests import Request
from starlette.responses import Response

from frontend.analytics import boards, words
from frontend.analytics.links import page_of
from frontend.analytics.views import Report
from frontend.ui.gateway import GatewayProblem
from frontend.ui.page import Page

LEADING = {
    "sales-summary": ("meetingsHeld", "heldRate", "coverage", "requestsApprovedAmount"),
    "customer-statistics": ("activeCustomers", "netCustomers", "dormantRate", "reviewedRate"),
    "approval-statistics": ("approvalRate", "firstPassRate", "medianDecisionSeconds", "backlog"),
    "task-completion": ("completionRate", "onTimeRate", "overdueNow", "medianDaysLate"),
}


async def show(request: Request) -> Response:
    """GET /reports. A report that cannot be read now says so in its place; only an outage of all is a problem."""
    page = Page.of(request)
    names = boards.readable(page.identity.roles)
    answers = await asyncio.gather(*(_report(page, name) for name in names))
    problems = [answer for answer in answers if isinstance(answer, GatewayProblem)]
    if len(problems) == len(names):
        raise problems[0]
    reports = {
        name: answer if isinstance(answer, Report) else None for name, answer in zip(names, answers, strict=True)
    }
    return page.render(
        "analytics/overview.html",
        names=names,
        reports=reports,
        leading=LEADING,
        titles=words.titles(),
        page_of=page_of,
    )


async def _report(page: Page, name: str) -> Report | GatewayProblem:
    try:
        return Report.model_validate(await page.gateway.get(f"/reports/{name}"))
    except GatewayProblem as problem:
        return problem
