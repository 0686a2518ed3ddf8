"""The list of meetings, day by day."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import words
from frontend.sales.manifest import MEETINGS
from frontend.sales.views import Meeting, MeetingPage
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.time_zone import office_now

COMING, PAST, ALL = "coming", "past", "all"
TABS = (COMING, PAST, ALL)
PAGE_LIMIT = 50
MAX_TEXT = 100


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for. `after` and `before` bound the start; reports link here with them."""

    tab: str = COMING
    q: str = ""
    user: str = ""
    team: str = ""
    customer: str = ""
    state: str = ""
    after: str = ""
    before: str = ""

    @classmethod
    def of(cls, page: Page) -> Filters:
        tab, state = page.query("tab"), page.query("state")
        narrowed = bool(page.query("startsAfter") or page.query("startsBefore"))
        return cls(
            tab=tab if tab in TABS else ALL if narrowed else COMING,
            q=page.query("q").strip()[:MAX_TEXT],
            user=page.query("userId")[:64],
            team=page.query("teamOf")[:64],
            customer=page.query("customerId")[:64],
            state=state if state in words.meeting_looks() else "",
            after=page.query("startsAfter")[:40],
            before=page.query("startsBefore")[:40],
        )

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.user or self.team or self.customer or self.state or self.after or self.before)

    def address(self, **changes: str) -> str:
        params = {"tab": self.tab, **self._params(), "startsAfter": self.after, "startsBefore": self.before} | changes
        given = {name: value for name, value in params.items() if value and (name, value) != ("tab", COMING)}
        return f"{MEETINGS}?{urlencode(given)}" if given else MEETINGS

    def api(self, cursor: str = "") -> str:
        today = office_now().replace(hour=0, minute=0, second=0, microsecond=0).isoformat()
        bounds = {"startsAfter": self.after, "startsBefore": self.before}
        if self.tab == COMING:
            bounds |= {"startsAfter": self.after or today, "sort": "startsAt"}
        elif self.tab == PAST:
            bounds |= {"startsBefore": self.before or today}
        given = {"limit": str(PAGE_LIMIT), "cursor": cursor, **self._params(), **bounds}
        return f"/meetings?{urlencode({name: value for name, value in given.items() if value})}"

    def _params(self) -> dict[str, str]:
        return {
            "q": self.q,
            "userId": self.user,
            "teamOf": self.team,
            "customerId": self.customer,
            "state": self.state,
        }


def by_day(meetings: list[Meeting]) -> list[tuple[str, list[Meeting]]]:
    """The meetings in their order, together for each day."""
    return [(day, list(group)) for day, group in groupby(meetings, key=lambda meeting: meeting.day)]


async def show(request: Request) -> Response:
    """GET /meetings; htmx asks for the results alone, or for further rows."""
    page = Page.of(request)
    filters = Filters.of(page)
    if page.target == "sales-meeting-more":
        answer = await page.gateway.get(filters.api(page.query("cursor")))
        listed = MeetingPage.model_validate(answer)
        return page.render("sales/meeting_rows.html", listed=listed, days=by_day(listed.items), filters=filters)
    answer, known = await asyncio.gather(page.gateway.get(filters.api(page.query("cursor"))), people(page.gateway))
    listed = MeetingPage.model_validate(answer)
    values: dict[str, Any] = {"listed": listed, "days": by_day(listed.items), "filters": filters}
    if page.target == "sales-meetings":
        return page.render("sales/meeting_results.html", replace=filters.address(), **values)
    return page.render("sales/meetings.html", reps=known.choices(page.identity), **values)
