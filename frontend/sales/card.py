"""What was explained to a customer last and what is still to be done, for whoever decides on a request about them."""

from __future__ import annotations

import asyncio
from typing import Final
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales.meeting_page import HELD
from frontend.sales.task_list import LIVE
from frontend.sales.views import MeetingPage, TaskPage
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.page import Page

MEETINGS_SHOWN: Final = 3
TASKS_SHOWN: Final = 5


async def show(request: Request) -> Response:
    """GET /meetings/-/card?customerId=. Who may not read them is told so: an empty list would be a statement."""
    page = Page.of(request)
    customer = page.query("customerId")
    open_tasks = [("customerId", customer), ("limit", str(TASKS_SHOWN)), *(("state", state) for state in LIVE)]
    try:
        held, tasks = await asyncio.gather(
            page.gateway.get(f"/meetings/customer/{segment(customer)}", state=HELD, limit=MEETINGS_SHOWN),
            page.gateway.get(f"/tasks?{urlencode(open_tasks)}"),
        )
    except GatewayProblem as problem:
        if not problem.is_hidden:
            raise
        return page.render("sales/card.html", meetings=None, tasks=None)
    return page.render(
        "sales/card.html", meetings=MeetingPage.model_validate(held), tasks=TaskPage.model_validate(tasks)
    )
