"""The list of what was shown to somebody, and what they answer on the page of a request."""

from __future__ import annotations

from typing import Final

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from frontend.opportunity import detail
from frontend.opportunity.circulation.said import Said
from frontend.opportunity.circulation.views import CONSULT, READ, REVIEW, CirculatedPage
from frontend.opportunity.views import Counts
from frontend.ui.gateway import GatewayProblem, Json, UserGateway, segment
from frontend.ui.page import Page
from frontend.ui.saving import refusal

TABS: Final = {"read": READ, "review": REVIEW, "consult": CONSULT}
PAGE_LIMIT: Final = 50


async def show(request: Request) -> Response:
    """GET /circulation; `tab` is read, review or consult, `answered=1` lists what is done."""
    page = Page.of(request)
    tab = page.query("tab") if page.query("tab") in TABS else "read"
    answered = page.query("answered") == "1"
    answer = await page.gateway.get(
        "/approvals/circulated",
        purpose=TABS[tab],
        answered=str(answered).lower(),
        limit=PAGE_LIMIT,
        cursor=page.query("cursor"),
    )
    counts = Counts.model_validate(await page.gateway.get("/approvals/counts"))
    listed = CirculatedPage.model_validate(answer)
    return page.render("opportunity/circulated.html", listed=listed, tab=tab, answered=answered, counts=counts)


async def count(request: Request) -> Response:
    """GET /circulation/-/count: what this person is asked beside decisions."""
    counts = Counts.model_validate(await Page.of(request).gateway.get("/approvals/counts"))
    return JSONResponse({"count": counts.to_read + counts.to_review + counts.consulted})


async def act(request: Request) -> Response:
    """POST /circulation/{id}: `action` is read, review, advise, consult or end_consultation."""
    page = Page.of(request)
    said = Said.from_form(await page.form())
    approval_id = request.path_params["id"]
    try:
        await _send(page.gateway, f"/approvals/{segment(approval_id)}", said)
    except GatewayProblem as problem:
        message = "; ".join(dict.fromkeys([problem.message, *problem.field_errors.values()]))
        if problem.is_outage:
            message = await refusal(page, problem)
        return await detail.show_refused(page, approval_id, said, error=message, status=problem.status)
    return page.redirect(f"/approvals/{segment(approval_id)}")


async def _send(gateway: UserGateway, root: str, said: Said) -> None:
    comment = {"comment": said.comment} if said.comment else {}
    seen: Json = {} if said.revision is None else {"revision": said.revision}
    key = said.key or None
    if said.action == "read":
        await gateway.send("PATCH", f"{root}/read", seen, key=key)
    elif said.action == "review":
        await gateway.send("PATCH", f"{root}/post-review", seen | comment | {"finding": said.finding}, key=key)
    elif said.action == "advise":
        await gateway.send("PATCH", f"{root}/advise", seen | comment | {"verdict": said.verdict or None}, key=key)
    elif said.action == "consult":
        await gateway.send("POST", f"{root}/consultations", comment | {"userIds": said.people}, key=key)
    elif said.action == "end_consultation":
        for user_id in said.people:
            await gateway.send("DELETE", f"{root}/consultations/{segment(user_id)}")
