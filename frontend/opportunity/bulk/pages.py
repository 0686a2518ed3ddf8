"""The pages of bulk decisions: choosing what waits, and following what becomes of it."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.bulk.views import STATUSES, Batch, BatchPage, ItemPage, state_look, status_look
from frontend.opportunity.deciding import DECISIONS, NEED_COMMENT, Ticket, noted_in, tickets_in
from frontend.opportunity.listing import MINE, Filters
from frontend.opportunity.manifest import BULK
from frontend.opportunity.views import Approval, ApprovalPage
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.saving import KEY_REUSED, refusal, sent_before

MOST: Final = 500
"""Requests in one batch, as the API has it."""
PAGE_LIMIT: Final = 200
ITEMS_SHOWN: Final = 100
BATCHES_SHOWN: Final = 30


@dataclass(slots=True)
class Choice:
    """What the form says. `picked`: ids; None for all that are listed, as the form begins."""

    decision: str = "approve"
    comment: str = ""
    picked: frozenset[str] | None = None
    noted: Mapping[str, Sequence[str]] = field(default_factory=dict)
    key: str = ""
    message: str = ""
    asks_comment: bool = False

    def has(self, item: Approval) -> bool:
        return self.picked is None or item.id in self.picked


# Choosing -------------------------------------------------------------------------------------------


async def new(request: Request) -> Response:
    """GET /approvals/bulk/new: all that wait for this person and match the filter, up to `MOST`."""
    return await _render_choice(Page.of(request), Choice())


async def create(request: Request) -> Response:
    """POST /approvals/bulk/new: `ids` (tickets), `decision`, `comment`, `noted`."""
    page = Page.of(request)
    form = await page.form()
    tickets = tickets_in(form)
    choice = Choice(
        decision=str(form.get("decision", "")),
        comment=str(form.get("comment", "")).strip(),
        picked=frozenset(ticket.id for ticket in tickets),
        noted=noted_in(form),
        key=str(form.get(KEY_FIELD, "")),
    )
    if not tickets or choice.decision not in DECISIONS:
        choice.message = gettext("Choose at least one request and what to do with it.")
    elif len(tickets) > MOST:
        choice.message = gettext("At most %(most)s requests at once.") % {"most": MOST}
    elif choice.decision in NEED_COMMENT and not choice.comment:
        choice.asks_comment = True
    else:
        return await _send(page, choice, tickets)
    return await _render_choice(page, choice, status=UNPROCESSABLE)


async def _send(page: Page, choice: Choice, tickets: Sequence[Ticket]) -> Response:
    items = [
        {"id": ticket.id, "revision": ticket.revision, "stage": ticket.stage}
        | {"acknowledgedFlags": [flag for flag in choice.noted.get(ticket.id, ()) if flag in words.FLAGS]}
        for ticket in tickets
    ]
    body: dict[str, Any] = {"decision": DECISIONS[choice.decision], "items": items}
    if choice.comment:
        body["comment"] = choice.comment
    try:
        answer = await page.gateway.send("POST", "/approvals/bulk-decisions", body, key=choice.key or None)
    except GatewayProblem as problem:
        if problem.code == KEY_REUSED:
            choice.key, choice.message = str(uuid.uuid4()), sent_before()
        else:
            choice.message = await refusal(page, problem)
        return await _render_choice(page, choice, status=problem.status)
    return page.redirect(f"{BULK}/{answer.body['id']}")


async def _render_choice(page: Page, choice: Choice, *, status: int = 200) -> Response:
    filters = replace(Filters.of(page), tab=MINE)
    listed, is_whole = await _waiting(page, filters)
    missing = 0 if choice.picked is None else len(choice.picked - {item.id for item in listed})
    return page.render(
        "opportunity/bulk_new.html",
        status=status,
        filters=filters,
        listed=listed,
        is_whole=is_whole,
        choice=choice,
        missing=missing,
        most=MOST,
    )


async def _waiting(page: Page, filters: Filters) -> tuple[list[Approval], bool]:
    """What waits and matches, and whether that is all of it."""
    found: list[Approval] = []
    cursor = ""
    while True:
        limit = min(PAGE_LIMIT, MOST - len(found))
        path = filters.api(page.identity.user_id, cursor, limit=limit)
        answer = ApprovalPage.model_validate(await page.gateway.get(path))
        found += answer.items
        cursor = answer.next_cursor or ""
        if not cursor or len(found) >= MOST:
            return found, not cursor


# Following ------------------------------------------------------------------------------------------


async def show_list(request: Request) -> Response:
    """GET /approvals/bulk: one's own of the last month, the newest first; for auditors everybody's."""
    page = Page.of(request)
    answer = await page.gateway.get("/approvals/bulk-decisions", limit=BATCHES_SHOWN, cursor=page.query("cursor"))
    return page.render("opportunity/bulk_list.html", listed=BatchPage.model_validate(answer), state_look=state_look)


async def show(request: Request) -> Response:
    """GET /approvals/bulk/{id}: how far it is, and a result for each request; `part=live` for the moving part alone."""
    page = Page.of(request)
    return await _render_batch(page, request.path_params["id"])


async def act(request: Request) -> Response:
    """POST /approvals/bulk/{id}: `action` is `retry` (what failed, and what `noted` acknowledges) or `cancel`."""
    page = Page.of(request)
    form = await page.form()
    batch_id = request.path_params["id"]
    action = "cancel" if form.get("action") == "cancel" else "retry"
    noted = [{"id": who, "acknowledgedFlags": list(flags)} for who, flags in noted_in(form).items()]
    body = {"noted": noted} if action == "retry" and noted else None
    path = f"/approvals/bulk-decisions/{segment(batch_id)}/{action}"
    try:
        await page.gateway.send("POST", path, body, key=str(form.get(KEY_FIELD, "")) or None)
    except GatewayProblem as problem:
        message = await refusal(page, problem)
        return await _render_batch(page, batch_id, status=problem.status, message=message)
    return page.redirect(f"{BULK}/{batch_id}")


async def _render_batch(page: Page, batch_id: str, *, status: int = 200, message: str = "") -> Response:
    chosen = page.query("status")
    chosen = chosen if chosen in STATUSES else ""
    batch, items = await asyncio.gather(
        page.gateway.get(f"/approvals/bulk-decisions/{segment(batch_id)}"),
        _items(page.gateway, batch_id, status=chosen, cursor=page.query("cursor")),
    )
    is_live = page.is_fragment and page.query("part") == "live"
    shown = Batch.model_validate(batch)
    return page.render(
        "opportunity/bulk_live.html" if is_live else "opportunity/bulk.html",
        status=status,
        batch=shown,
        is_own=shown.actor_id == page.identity.user_id,
        items=items,
        unnoted=[item for item in items.items if item.flags],
        statuses=STATUSES,
        chosen=chosen,
        message=message,
        state_look=state_look,
        status_look=status_look,
    )


async def _items(gateway: UserGateway, batch_id: str, **narrowed: str) -> ItemPage:
    path = f"/approvals/bulk-decisions/{segment(batch_id)}/items"
    return ItemPage.model_validate(await gateway.get(path, limit=ITEMS_SHOWN, **narrowed))
