"""One meeting: what was planned, what came of it, and how it is cancelled or deleted."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import words
from frontend.sales.drafts import OutcomeDraft
from frontend.sales.manifest import MEETINGS
from frontend.sales.meeting_list import by_day
from frontend.sales.views import Meeting, MeetingPage
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences, refused, save

OF_CUSTOMER_LIMIT = 6
HELD, CANCELLED = "HELD", "CANCELLED"


async def show(request: Request) -> Response:
    """GET /meetings/{id}."""
    return await _render(Page.of(request), f"/meetings/{segment(request.path_params['id'])}")


async def act(request: Request) -> Response:
    """POST /meetings/{id}: `action` is outcome, cancel or delete."""
    page = Page.of(request)
    form = await page.form()
    draft, path = OutcomeDraft.from_form(form), f"/meetings/{segment(request.path_params['id'])}"
    if draft.action == "outcome" and not draft.check():
        return await _render(page, path, INVALID, draft=draft)
    try:
        if draft.action == "delete":
            await page.gateway.send("DELETE", path, if_match=draft.original.etag)
            return page.redirect(MEETINGS)
        if draft.action == "outcome":
            draft.inputs["state"] = (HELD,)
            outcome = await save(page, path, draft, await page.gateway.read(path))
            if isinstance(outcome, NotSaved):
                return await _render(page, path, outcome, draft=draft)
        elif draft.action == "cancel":
            await page.gateway.send("PUT", path, {"state": CANCELLED}, if_match=draft.original.etag)
    except GatewayProblem as problem:
        return await _render(page, path, await refused(page, draft, problem), draft=draft)
    return page.redirect(path)


async def of_customer(request: Request) -> Response:
    """GET /meetings/-/of-customer?customerId=: a customer's newest meetings, for the page of the customer."""
    page = Page.of(request)
    customer_id = page.query("customerId")
    answer = await page.gateway.get("/meetings", customerId=customer_id, limit=OF_CUSTOMER_LIMIT)
    listed = MeetingPage.model_validate(answer)
    return page.render("sales/meetings_of.html", listed=listed, days=by_day(listed.items), customer_id=customer_id)


async def _render(
    page: Page,
    path: str,
    saving: NotSaved = FRESH,
    *,
    draft: OutcomeDraft | None = None,
) -> Response:
    """`draft`: what stood in the form of the outcome when it was refused."""
    answer = await page.gateway.read(path)
    meeting = Meeting.model_validate(answer.body)
    known = await people(page.gateway, *meeting.attendee_ids)
    now = OutcomeDraft.of(answer)
    outcome = draft or now
    if draft is not None and draft.action != "outcome":
        outcome = OutcomeDraft(inputs=now.inputs | draft.inputs, original=now.original)
    return page.render(
        "sales/meeting.html",
        status=saving.status,
        meeting=meeting,
        etag=now.original.etag,
        people=known,
        error=saving.message,
        outcome=outcome,
        outrun=differences(saving.both, words.outcome_fields(), outcome.reads, now.reads),
    )
