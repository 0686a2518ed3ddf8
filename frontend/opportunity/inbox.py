"""The approver's inbox: three lists with the chosen request beside them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.opportunity import words
from frontend.opportunity.reading import History, history_of
from frontend.opportunity.views import ApprovalPage, Counts
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import Page

MINE, REQUESTED, ALL = "mine", "requested", "all"
TABS = (MINE, REQUESTED, ALL)
PAGE_LIMIT = 50


async def show(request: Request) -> Response:
    """GET /approvals. Without `selected` the first request is shown beside the list where there is room."""
    page = Page.of(request)
    tab = tab_of(page)
    listed, counts = await asyncio.gather(_list(page, tab), _counts(page.gateway))
    if page.target == "opportunity-rows":
        return page.render("opportunity/rows.html", listed=listed, tab=tab, selected="", here=_here)
    selected = page.query("selected")
    chosen = selected or (listed.items[0].id if listed.items else "")
    history = await _history(page.gateway, chosen)
    return page.render(
        "opportunity/inbox.html",
        listed=listed,
        tab=tab,
        counts=counts,
        state=page.query("state"),
        q=page.query("q"),
        states=words.STATES,
        history=history,
        selected=history.approval.id if history else "",
        explicit=bool(selected and history),
        missing=bool(selected and not history),
        as_of=datetime.now(UTC).isoformat(timespec="seconds"),
        here=_here,
    )


async def panel(request: Request) -> Response:
    """GET /approvals/{id}/panel: the request for the side of the list; the address becomes that of the list.

    With `follow` the panel is open already and only asks what has become of the request.
    """
    page = Page.of(request)
    history = await history_of(page.gateway, request.path_params["id"])
    tab = tab_of(page)
    address = None if page.query("follow") else _here(tab=tab, selected=history.approval.id)
    return page.render("opportunity/panel.html", history=history, tab=tab, push=address, here=_here)


async def count(request: Request) -> Response:
    """GET /approvals/-/count: what waits for this person."""
    counts = await _counts(Page.of(request).gateway)
    return JSONResponse({"count": counts.waiting})


async def fresh(request: Request) -> Response:
    """GET /approvals/-/fresh: how many requests came since the list was made; shown as an offer, not slid in.

    Which of the listed still wait is told to the list (while they fit one page): those of others stay, marked as over.
    """
    page = Page.of(request)
    listed = await _list(page, MINE)
    since = page.query("since")
    arrived = [item for item in listed.items if (item.submitted_at or "") > since]
    still = None if listed.next_cursor else [item.id for item in listed.items]
    events = None if still is None else json.dumps({"ringi-waiting": {"ids": still}})
    return page.render("opportunity/fresh.html", number=len(arrived), here=_here, events=events)


async def of_customer(request: Request) -> Response:
    """GET /approvals/-/of-customer?customerId=: a customer's requests, for the page of the customer."""
    page = Page.of(request)
    answer = await page.gateway.get("/approvals", customerId=page.query("customerId"), limit=20)
    return page.render("opportunity/of_customer.html", listed=ApprovalPage.model_validate(answer))


def tab_of(page: Page) -> str:
    tab = page.query("tab", MINE)
    return tab if tab in TABS else MINE


def _here(**params: str) -> str:
    """An address of the inbox."""
    given = {name: value for name, value in params.items() if value and (name, value) != ("tab", MINE)}
    return f"/approvals?{urlencode(given)}" if given else "/approvals"


async def _list(page: Page, tab: str) -> ApprovalPage:
    cursor = page.query("cursor")
    if tab == MINE:
        answer = await page.gateway.get("/approvals/pending", limit=PAGE_LIMIT, cursor=cursor)
    elif tab == REQUESTED:
        path = f"/approvals/requester/{segment(page.identity.user_id)}"
        answer = await page.gateway.get(path, limit=PAGE_LIMIT, cursor=cursor)
    else:
        state = page.query("state")
        answer = await page.gateway.get(
            "/approvals",
            limit=PAGE_LIMIT,
            cursor=cursor,
            state=state if state in words.STATES else "",
            q=page.query("q").strip()[:100],
        )
    return ApprovalPage.model_validate(answer)


async def _counts(gateway: UserGateway) -> Counts:
    try:
        return Counts.model_validate(await gateway.get("/approvals/counts"))
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        return Counts()


async def _history(gateway: UserGateway, approval_id: str) -> History | None:
    """The chosen request; None when there is none, or it has gone."""
    if not approval_id:
        return None
    try:
        return await history_of(gateway, approval_id)
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        return None
