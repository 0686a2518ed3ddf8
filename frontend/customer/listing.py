"""The list of customers: searched, filtered and sorted by what stands in the address."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer.manifest import PREFIX
from frontend.customer.views import CustomerPage
from frontend.ui import customer_words, profile_words
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import People, people, with_missing

PAGE_LIMIT = 50
MAX_TEXT = 200
MAX_TAG = 50
BIN = "DELETED"
ACTIVE = "ACTIVE"
NEWEST = "-createdAt"
BIN_ROLES = frozenset({"auditor", "admin"})


@dataclass(frozen=True, slots=True)
class Filters:
    """What the address asks for; values that the API does not know are dropped.

    `state` ACTIVE, `team`, `after` and `before` (of the creation): reports link here with them.
    """

    q: str = ""
    state: str = ""
    rep: str = ""
    risk: str = ""
    relationship: str = ""
    tag: str = ""
    team: str = ""
    after: str = ""
    before: str = ""
    sort: str = NEWEST

    @classmethod
    def of(cls, page: Page) -> Filters:
        def one_of(name: str, allowed: dict[str, str]) -> str:
            value = page.query(name)
            return value if value in allowed else ""

        return cls(
            q=page.query("q").strip()[:MAX_TEXT],
            state=_state(page),
            rep=page.query("assignedSalesId")[:64],
            risk=one_of("risk", profile_words.risks()),
            relationship=one_of("relationship", customer_words.relationships()),
            tag=page.query("tag").strip()[:MAX_TAG],
            team=page.query("teamOf")[:64],
            after=page.query("createdAfter")[:40],
            before=page.query("createdBefore")[:40],
            sort=one_of("sort", sorts()) or NEWEST,
        )

    @property
    def in_bin(self) -> bool:
        return self.state == BIN

    @property
    def narrows(self) -> bool:
        """Whether anything but the recycle bin and the order was asked for."""
        linked = self.state == ACTIVE or self.team or self.after or self.before
        return bool(self.q or self.rep or self.risk or self.relationship or self.tag or linked)

    def address(self, **changes: str) -> str:
        """This list's address with some parameters changed."""
        params = self._params() | changes
        given = {name: value for name, value in params.items() if value and (name, value) != ("sort", NEWEST)}
        return f"{PREFIX}?{urlencode(given)}" if given else PREFIX

    def api(self, cursor: str) -> str:
        given = {"limit": PAGE_LIMIT, "cursor": cursor, **self._params()}
        return f"/customers?{urlencode({name: value for name, value in given.items() if value})}"

    def _params(self) -> dict[str, str]:
        return {
            "q": self.q,
            "state": self.state,
            "assignedSalesId": self.rep,
            "risk": self.risk,
            "relationship": self.relationship,
            "tag": self.tag,
            "teamOf": self.team,
            "createdAfter": self.after,
            "createdBefore": self.before,
            "sort": self.sort,
        }


def _state(page: Page) -> str:
    state = page.query("state")
    if state == BIN:
        return "" if BIN_ROLES.isdisjoint(page.identity.roles) else BIN
    return state if state == ACTIVE else ""


def sorts() -> dict[str, str]:
    return {
        NEWEST: gettext("Newest first"),
        "-updatedAt": gettext("Changed last"),
        "name": gettext("By reading"),
        "createdAt": gettext("Oldest first"),
    }


async def show(request: Request) -> Response:
    """GET /customers; htmx asks for the results alone, or for further rows."""
    page = Page.of(request)
    filters = Filters.of(page)
    answer, known = await asyncio.gather(page.gateway.get(filters.api(page.query("cursor"))), people(page.gateway))
    listed = CustomerPage.model_validate(answer)
    known = await with_missing(page.gateway, known, (item.assigned_sales_id for item in listed.items))
    if page.target == "customer-more":
        return page.render("customer/rows.html", listed=listed, filters=filters, people=known)
    if page.target == "customer-results":
        return page.render(
            "customer/results.html", listed=listed, filters=filters, people=known, replace=filters.address()
        )
    return page.render("customer/list.html", **_choices(page, filters, known), listed=listed, filters=filters)


def _choices(page: Page, filters: Filters, known: People) -> dict[str, Any]:
    reps = known.choices(page.identity)
    if filters.rep and filters.rep not in dict(reps):
        reps = [*reps, (filters.rep, known.name(filters.rep) or gettext("Unknown"))]
    return {
        "people": known,
        "reps": reps,
        "sorts": list(sorts().items()),
        "sees_bin": not BIN_ROLES.isdisjoint(page.identity.roles),
    }
