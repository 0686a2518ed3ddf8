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
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.saving import Outrun, differences, refusal, refused, save


async def new(request: Request) -> Response:
    """GET /meetings/new; `?customerId=` chooses the customer."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    draft = MeetingDraft.blank()
    draft.key = page.form_key
    customer = await CustomerField.of(page.gateway, page.query("customerId"))
    draft.inputs["customer"] = (customer.value,)
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /meetings/new: `action=find` looks for customers where there is no JavaScript."""
    page = Page.of(request)
    draft = MeetingDraft.from_form(await page.form())
    if draft.action == "find":
        return await _render(page, draft)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE)
    try:
        answer = await page.gateway.send("POST", "/meetings", draft.change(draft.touched), key=draft.key or None)
    except GatewayProblem as problem:
        return await _render(page, draft, status=problem.status, message=await refused(page, draft, problem))
    return page.redirect(f"{MEETINGS}/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /meetings/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/meetings/{segment(request.path_params['id'])}")
    return await _render(page, MeetingDraft.of(answer), meeting=Meeting.model_validate(answer.body))


async def update(request: Request) -> Response:
    """POST /meetings/{id}/edit."""
    page = Page.of(request)
    draft = MeetingDraft.from_form(await page.form())
    path = f"/meetings/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    meeting = Meeting.model_validate(current.body)
    if draft.action == "find":
        return await _render(page, draft, meeting=meeting)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, meeting=meeting)
    try:
        await save(page, path, draft, current)
    except Outrun as outrun:
        return await _render(
            page,
            draft,
            status=outrun.problem.status,
            meeting=Meeting.model_validate(outrun.current.body),
            message=await refusal(page, outrun.problem),
            both=outrun.both,
        )
    except GatewayProblem as problem:
        message = await refused(page, draft, problem)
        return await _render(page, draft, status=problem.status, meeting=meeting, message=message)
    return page.redirect(f"{MEETINGS}/{segment(meeting.id)}")


async def _render(
    page: Page,
    draft: MeetingDraft,
    *,
    status: int = 200,
    meeting: Meeting | None = None,
    message: str = "",
    both: list[str] | None = None,
) -> Response:
    """`both`: the parts that somebody else changed too, after this form had been opened."""
    customer = CustomerField.parse(draft.get("customer"), draft.query)
    await customer.search(page.gateway)
    in_charge = meeting.user_id if meeting else ""
    theirs = MeetingDraft(inputs=dict(draft.original.inputs or {}))
    known = await people(page.gateway, in_charge, *draft.all("attendeeIds"), *theirs.all("attendeeIds"))
    return page.render(
        "sales/meeting_form.html",
        status=status,
        draft=draft,
        customer=customer,
        meeting=meeting,
        message=message,
        outrun=differences(both or (), words.meeting_fields(), draft.reads(known), theirs.reads(known)),
        reps=known.choices(page.identity, in_charge),
        colleagues=known.colleagues,
    )
