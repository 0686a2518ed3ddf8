"""The list of tasks: what is due, overdue, done, or all of it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.sales import words
from frontend.sales.manifest import TASKS
from frontend.sales.views import TaskPage
from frontend.ui.page import Page
from frontend.ui.people import people

DUE, OVERDUE, ALL, DONE = "due", "overdue", "all", "done"
TABS = (DUE, OVERDUE, ALL, DONE)
PAGE_LIMIT = 50
COUNT_LIMIT = 100
MAX_TEXT = 100
LIVE = ("OPEN", "IN_PROGRESS")


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. `after` and `before` bound the due date; reports link here with them."""

    tab: str = DUE
    q: str = ""
    user: str = ""
    team: str = ""
    customer: str = ""
    priority: str = ""
    state: str = ""
    after: str = ""
    before: str = ""

    @classmethod
    def of(cls, page: Page) -> Filters:
        tab, priority, state = page.query("tab"), page.query("priority"), page.query("state")
        narrowed = bool(state or page.query("dueAfter") or page.query("dueBefore"))
        return cls(
            tab=tab if tab in TABS else ALL if narrowed else DUE,
            q=page.query("q").strip()[:MAX_TEXT],
            user=page.query("userId")[:64],
            team=page.query("teamOf")[:64],
            customer=page.query("customerId")[:64],
            priority=priority if priority in words.priorities() else "",
            state=state if state in words.task_looks() else "",
            after=page.query("dueAfter")[:40],
            before=page.query("dueBefore")[:40],
        )

    @property
    def narrows(self) -> bool:
        narrowed = self.user or self.team or self.customer or self.priority or self.state
        return bool(self.q or narrowed or self.after or self.before)

    def address(self, **changes: str) -> str:
        params = {"tab": self.tab, **self._params()} | ({"state": self.state} if self.tab == ALL else {}) | changes
        given = {name: value for name, value in params.items() if value and (name, value) != ("tab", DUE)}
        return f"{TASKS}?{urlencode(given)}" if given else TASKS

    def api(self, cursor: str = "", limit: int = PAGE_LIMIT) -> str:
        given: list[tuple[str, str]] = [("limit", str(limit)), ("cursor", cursor), *self._params().items()]
        if self.tab == DUE:
            given += [*(("state", state) for state in LIVE), ("overdue", "false")]
        elif self.tab == OVERDUE:
            given.append(("overdue", "true"))
        elif self.tab == DONE:
            given += [("state", "COMPLETED"), ("sort", "-dueDate")]
        else:
            given.append(("state", self.state))
        return f"/tasks?{urlencode([(name, value) for name, value in given if value])}"

    def _params(self) -> dict[str, str]:
        return {
            "q": self.q,
            "userId": self.user,
            "teamOf": self.team,
            "customerId": self.customer,
            "priority": self.priority,
            "dueAfter": self.after,
            "dueBefore": self.before,
        }


async def show(request: Request) -> Response:
    """GET /tasks; htmx asks for the results alone, or for further rows."""
    page = Page.of(request)
    filters = Filters.of(page)
    if page.target == "sales-task-more":
        answer = await page.gateway.get(filters.api(page.query("cursor")))
        return page.render("sales/task_rows.html", listed=TaskPage.model_validate(answer), filters=filters)
    if page.target == "sales-tasks":
        listed = TaskPage.model_validate(await page.gateway.get(filters.api(page.query("cursor"))))
        return page.render("sales/task_results.html", listed=listed, filters=filters, replace=filters.address())
    answer, known, overdue = await asyncio.gather(
        page.gateway.get(filters.api(page.query("cursor"))), people(page.gateway), _own_overdue(page)
    )
    return page.render(
        "sales/tasks.html",
        listed=TaskPage.model_validate(answer),
        filters=filters,
        reps=known.choices(page.identity),
        overdue=overdue,
    )


async def count(request: Request) -> Response:
    """GET /tasks/-/count: this person's overdue tasks."""
    return JSONResponse({"count": await _own_overdue(Page.of(request))})


async def _own_overdue(page: Page) -> int:
    """What the navigation's count says as well; up to COUNT_LIMIT."""
    overdue = Filters(tab=OVERDUE, user=page.identity.user_id)
    answer = await page.gateway.get(overdue.api(limit=COUNT_LIMIT))
    return len(answer["items"])
