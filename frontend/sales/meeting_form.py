"""Planning a meeting and changing one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import customers
from frontend.sales.drafts import MeetingDraft
from frontend.sales.manifest import MEETINGS
from frontend.sales.saving import PRECONDITION_FAILED, explanation
from frontend.sales.views import Meeting
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.people import people


async def new(request: Request) -> Response:
    """GET /meetings/new; `?customerId=` chooses the customer."""
    page = Page.of(request)
    draft = MeetingDraft.blank()
    draft.customer_id, draft.customer_name = await customers.chosen(page.gateway, page.query("customerId"))
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /meetings/new: `action=find` looks for customers where there is no JavaScript."""
    page = Page.of(request)
    form = await page.form()
    draft = MeetingDraft.from_form(form)
    if draft.get("action") == "find":
        return await _render(page, draft)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE)
    try:
        answer = await page.gateway.send("POST", "/meetings", draft.body(), key=draft.get(KEY_FIELD) or None)
    except GatewayProblem as problem:
        message = await explanation(page, problem, draft)
        return await _render(page, draft, status=problem.status, message=message)
    return page.redirect(f"{MEETINGS}/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /meetings/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/meetings/{segment(request.path_params['id'])}")
    meeting = Meeting.model_validate(answer.body)
    etag = answer.headers.get("ETag", "")
    return await _render(page, MeetingDraft.from_meeting(meeting), meeting=meeting, etag=etag)


async def update(request: Request) -> Response:
    """POST /meetings/{id}/edit."""
    page = Page.of(request)
    draft = MeetingDraft.from_form(await page.form())
    path = f"/meetings/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    meeting, etag = Meeting.model_validate(current.body), draft.get("etag")
    if draft.get("action") == "find":
        return await _render(page, draft, meeting=meeting, etag=etag)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, meeting=meeting, etag=etag)
    body = {"userId": meeting.user_id, "outcome": meeting.outcome, "nextStep": meeting.next_step} | draft.body()
    try:
        await page.gateway.send("PUT", path, body, if_match=etag)
    except GatewayProblem as problem:
        message = await explanation(page, problem, draft)
        etag = current.headers.get("ETag", "") if problem.status == PRECONDITION_FAILED else etag
        return await _render(page, draft, status=problem.status, meeting=meeting, etag=etag, message=message)
    return page.redirect(f"{MEETINGS}/{segment(meeting.id)}")


async def _render(
    page: Page,
    draft: MeetingDraft,
    *,
    status: int = 200,
    meeting: Meeting | None = None,
    etag: str = "",
    message: str = "",
) -> Response:
    known = await people(page.gateway)
    query = "" if draft.customer_id else draft.get("customer_query")
    return page.render(
        "sales/meeting_form.html",
        status=status,
        draft=draft,
        meeting=meeting,
        etag=etag,
        message=message,
        reps=known.choices(page.identity),
        colleagues=known.colleagues,
        choices=await customers.found(page.gateway, query),
        query=query,
    )
