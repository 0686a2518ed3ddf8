"""One meeting: what was planned, what came of it, and how it is cancelled or deleted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales.manifest import MEETINGS
from frontend.sales.meeting_list import by_day
from frontend.sales.views import Meeting, MeetingPage
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.saving import refusal

OF_CUSTOMER_LIMIT = 6
HELD, CANCELLED = "HELD", "CANCELLED"


async def show(request: Request) -> Response:
    """GET /meetings/{id}."""
    return await _render(Page.of(request), request.path_params["id"])


async def act(request: Request) -> Response:
    """POST /meetings/{id}: `action` is outcome, cancel or delete."""
    page = Page.of(request)
    form = await page.form()
    meeting_id, action = request.path_params["id"], str(form.get("action", ""))
    path = f"/meetings/{segment(meeting_id)}"
    etag = str(form.get("etag", ""))
    typed = {name: str(form.get(name, "")).strip() for name in ("outcome", "nextStep") if name in form}
    try:
        if action == "delete":
            await page.gateway.send("DELETE", path, if_match=etag)
            return page.redirect(MEETINGS)
        if action == "outcome":
            if not typed.get("outcome"):
                message = gettext("Write down what was agreed.")
                return await _render(page, meeting_id, status=UNPROCESSABLE, outcome_error=message, typed=typed)
            change = {"outcome": typed["outcome"], "nextStep": typed.get("nextStep") or None}
            await _change(page, path, etag, change, HELD)
        elif action == "cancel":
            await _change(page, path, etag, {}, CANCELLED)
    except GatewayProblem as problem:
        message = await refusal(page, problem)
        return await _render(page, meeting_id, status=problem.status, error=message, typed=typed)
    return page.redirect(f"{MEETINGS}/{segment(meeting_id)}")


async def of_customer(request: Request) -> Response:
    """GET /meetings/-/of-customer?customerId=: a customer's newest meetings, for the page of the customer."""
    page = Page.of(request)
    customer_id = page.query("customerId")
    answer = await page.gateway.get("/meetings", customerId=customer_id, limit=OF_CUSTOMER_LIMIT)
    listed = MeetingPage.model_validate(answer)
    return page.render("sales/meetings_of.html", listed=listed, days=by_day(listed.items), customer_id=customer_id)


async def _change(page: Page, path: str, etag: str, change: dict[str, Any], state: str) -> None:
    """PUT replaces the whole, so the rest goes along as it is."""
    meeting = Meeting.model_validate(await page.gateway.get(path)).model_dump(by_alias=True)
    kept = ("customerId", "userId", "attendeeIds", "title", "startsAt", "endsAt", "place", "agenda", "outcome")
    body = {name: meeting[name] for name in (*kept, "nextStep")} | change
    if state != meeting["state"]:
        body["state"] = state
    await page.gateway.send("PUT", path, body, if_match=etag)


async def _render(
    page: Page,
    meeting_id: str,
    *,
    status: int = 200,
    error: str = "",
    outcome_error: str = "",
    typed: Mapping[str, str] | None = None,
) -> Response:
    """`typed`: what stood in the form of the outcome when it was refused."""
    answer = await page.gateway.read(f"/meetings/{segment(meeting_id)}")
    meeting = Meeting.model_validate(answer.body)
    known = await people(page.gateway, *meeting.attendee_ids)
    return page.render(
        "sales/meeting.html",
        status=status,
        meeting=meeting,
        etag=answer.headers.get("ETag", ""),
        people=known,
        error=error,
        outcome_error=outcome_error,
        outcome={"outcome": meeting.outcome or "", "nextStep": meeting.next_step or "", **(typed or {})},
    )
