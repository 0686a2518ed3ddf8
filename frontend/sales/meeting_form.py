"""Planning a meeting and changing one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import words
from frontend.sales.drafts import MeetingDraft
from frontend.sales.manifest import MEETINGS
from frontend.sales.views import Meeting
from frontend.ui.customer_field import CustomerField
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.people import people
from frontend.ui.saving import PRECONDITION_FAILED, differences, refusal


async def new(request: Request) -> Response:
    """GET /meetings/new; `?customerId=` chooses the customer."""
    page = Page.of(request)
    draft = MeetingDraft.blank()
    draft.customer = await CustomerField.of(page.gateway, page.query("customerId"))
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /meetings/new: `action=find` looks for customers where there is no JavaScript."""
    page = Page.of(request)
    draft = MeetingDraft.from_form(await page.form())
    if draft.get("action") == "find":
        return await _render(page, draft)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE)
    try:
        answer = await page.gateway.send("POST", "/meetings", draft.body(), key=draft.get(KEY_FIELD) or None)
    except GatewayProblem as problem:
        draft.explain(problem.field_errors)
        return await _render(page, draft, status=problem.status, message=await refusal(page, problem))
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
    draft.values["userId"] = draft.get("userId") or meeting.user_id
    if draft.get("action") == "find":
        return await _render(page, draft, meeting=meeting, etag=etag)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, meeting=meeting, etag=etag)
    body = {"outcome": meeting.outcome, "nextStep": meeting.next_step} | draft.body()
    try:
        await page.gateway.send("PUT", path, body, if_match=etag)
    except GatewayProblem as problem:
        draft.explain(problem.field_errors)
        message, theirs = await refusal(page, problem), None
        if problem.status == PRECONDITION_FAILED:
            theirs, etag = MeetingDraft.from_meeting(meeting), current.headers.get("ETag", "")
        return await _render(
            page, draft, status=problem.status, meeting=meeting, etag=etag, message=message, theirs=theirs
        )
    return page.redirect(f"{MEETINGS}/{segment(meeting.id)}")


async def _render(
    page: Page,
    draft: MeetingDraft,
    *,
    status: int = 200,
    meeting: Meeting | None = None,
    etag: str = "",
    message: str = "",
    theirs: MeetingDraft | None = None,
) -> Response:
    """`theirs`: what somebody else saved after this form had been opened."""
    await draft.customer.search(page.gateway)
    in_charge = meeting.user_id if meeting else ""
    known = await people(page.gateway, in_charge, *draft.attendees, *(theirs.attendees if theirs else ()))
    outrun = differences(words.meeting_fields(), draft.reads(known), theirs.reads(known)) if theirs else []
    return page.render(
        "sales/meeting_form.html",
        status=status,
        draft=draft,
        meeting=meeting,
        etag=etag,
        message=message,
        outrun=outrun,
        reps=known.choices(page.identity, in_charge),
        colleagues=known.colleagues,
    )
