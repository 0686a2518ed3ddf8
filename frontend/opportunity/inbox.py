"""The approver's inbox: lists with the chosen request beside them."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.opportunity import sample, words
from frontend.opportunity.deciding import MAX_AT_ONCE
from frontend.opportunity.listing import MINE, OPINIONS, WAITING, Filters
from frontend.opportunity.reading import History, history_of
from frontend.opportunity.saved_views import views_of
from frontend.opportunity.snoozing import mornings
from frontend.opportunity.views import Approval, ApprovalPage, Counts
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import Page

EARLIER_SHOWN: Final = 5
MOST_ANEW: Final = 20
"""So many rows of a list are drawn anew at once."""


async def show(request: Request) -> Response:
    """GET /approvals; bare, it opens the view that the person has chosen for it. Without `selected` the first request
    is shown beside the list where there is room."""
    page = Page.of(request)
    filters = Filters.of(page)
    if page.target == "opportunity-more":
        return page.render("opportunity/rows.html", listed=await _list(page, filters), filters=filters, selected="")
    views = await views_of(page.gateway)
    opens = next((view for view in views if view.is_default), None)
    if opens is not None and not request.query_params:
        return page.redirect(opens.address)
    listed, counts = await asyncio.gather(_list(page, filters), _counts(page.gateway))
    selected = page.query("selected")
    chosen = selected or (listed.items[0].id if listed.items else "")
    history = await _history(page, chosen)
    return page.render(
        "opportunity/inbox.html",
        listed=listed,
        filters=filters,
        counts=counts,
        views=views,
        mornings=mornings(),
        at_once=MAX_AT_ONCE,
        most_anew=MOST_ANEW,
        states=words.STATES,
        sample=sample.address(q=filters.q, state=filters.state, kind=filters.kind),
        history=history,
        selected=history.approval.id if history else "",
        explicit=bool(selected and history),
        missing=bool(selected and not history),
        as_of=datetime.now(UTC).isoformat(timespec="seconds"),
    )


async def panel(request: Request) -> Response:
    """GET /approvals/{id}/panel: the request for the side of the list; the address becomes that of the list.

    With `follow` the panel is open already and only asks what has become of the request.
    """
    page = Page.of(request)
    history = await history_of(page, request.path_params["id"])
    filters = Filters.of(page)
    address = None if page.query("follow") else filters.address(selected=history.approval.id)
    return page.render("opportunity/panel.html", history=history, filters=filters, mornings=mornings(), push=address)


async def count(request: Request) -> Response:
    """GET /approvals/-/count: what waits for this person, for a decision or an opinion."""
    counts = await _counts(Page.of(request).gateway)
    return JSONResponse({"count": counts.waiting + counts.opinions})


async def fresh(request: Request) -> Response:
    """GET /approvals/-/fresh: what has become of the list since it was made.

    How many requests came (`since`) is shown as an offer, not slid in. Of a list of what waits, the rows of what does
    not wait any more stay, marked as over: which still wait is told while they fit one page. In the other lists the
    rows that `changed` names are drawn anew.
    """
    page = Page.of(request)
    filters = Filters.of(page)
    if filters.tab not in (*WAITING, OPINIONS):
        return await _rows_anew(page, filters)
    listed = await _list(page, filters)
    arrived = [item for item in listed.items if (item.submitted_at or "") > page.query("since")]
    still = None if listed.next_cursor else [item.id for item in listed.items]
    events = None if still is None else json.dumps({"ringi-waiting": {"ids": still}})
    number = len(arrived) if filters.tab == MINE else 0
    return page.render("opportunity/fresh.html", number=number, filters=filters, events=events)


async def _rows_anew(page: Page, filters: Filters) -> Response:
    """Each as its reader sees it now; what they may not see any more is marked as over."""
    ids = [part for part in page.query("changed").split(",") if part][:MOST_ANEW]
    found = await asyncio.gather(*(_one(page.gateway, approval_id) for approval_id in ids))
    gone = [approval_id for approval_id, item in zip(ids, found, strict=True) if item is None]
    return page.render(
        "opportunity/rows_anew.html",
        items=[item for item in found if item is not None],
        filters=filters,
        selected=page.query("selected"),
        events=json.dumps({"ringi-gone": {"ids": gone}}) if gone else None,
    )


async def _one(gateway: UserGateway, approval_id: str) -> Approval | None:
    try:
        return Approval.model_validate(await gateway.get(f"/approvals/{segment(approval_id)}"))
    except GatewayProblem as problem:
        if not problem.is_hidden:
            raise
        return None


async def of_customer(request: Request) -> Response:
    """GET /approvals/-/of-customer?customerId=: a customer's requests, for the page of the customer."""
    page = Page.of(request)
    answer = await page.gateway.get("/approvals", customerId=page.query("customerId"), limit=20)
    return page.render("opportunity/of_customer.html", listed=ApprovalPage.model_validate(answer))


async def earlier(request: Request) -> Response:
    """GET /approvals/-/earlier?customerId=&without=: the customer's other requests that the viewer may see, newest
    first, beside the one `without` that is looked at."""
    page = Page.of(request)
    # One more for that itself, and one more to tell whether there are others.
    answer = await page.gateway.get("/approvals", customerId=page.query("customerId"), limit=EARLIER_SHOWN + 2)
    others = [item for item in ApprovalPage.model_validate(answer).items if item.id != page.query("without")]
    shown = [item for item in others if item.state != "DRAFT"]
    return page.render("opportunity/earlier.html", items=shown[:EARLIER_SHOWN], more=len(shown) > EARLIER_SHOWN)


async def _list(page: Page, filters: Filters) -> ApprovalPage:
    answer = await page.gateway.get(filters.api(page.identity.user_id, page.query("cursor")))
    return ApprovalPage.model_validate(answer)


async def _counts(gateway: UserGateway) -> Counts:
    try:
        return Counts.model_validate(await gateway.get("/approvals/counts"))
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        return Counts()


async def _history(page: Page, approval_id: str) -> History | None:
    """The chosen request; None when there is none, or it has gone."""
    if not approval_id:
        return None
    try:
        return await history_of(page, approval_id)
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        return None
