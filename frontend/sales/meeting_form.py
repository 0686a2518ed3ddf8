"""Planning a meeting and changing one."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales import words
from frontend.sales.drafts import MeetingDraft
from frontend.sales.manifest import MEETINGS
from frontend.sales.views import Meeting
from frontend.ui import saving
from frontend.ui.customer_field import CustomerField
from frontend.ui.gateway import segment
from frontend.ui.page import Page
from frontend.ui.people import people
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences


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
        return await _render(page, draft, INVALID)
    answer = await saving.create(page, "/meetings", draft, draft.change(draft.touched))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
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
        return await _render(page, draft, INVALID, meeting=meeting)
    answer = await saving.save(page, path, draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer, meeting=Meeting.model_validate(answer.record or current.body))
    return page.redirect(f"{MEETINGS}/{segment(meeting.id)}")


async def _render(
    page: Page,
    draft: MeetingDraft,
    outcome: NotSaved = FRESH,
    *,
    meeting: Meeting | None = None,
) -> Response:
    customer = CustomerField.parse(draft.get("customer"), draft.query)
    await customer.search(page.gateway)
    in_charge = meeting.user_id if meeting else ""
    theirs = MeetingDraft(inputs=dict(draft.original.inputs or {}))
    known = await people(page.gateway, in_charge, *draft.all("attendeeIds"), *theirs.all("attendeeIds"))
    return page.render(
        "sales/meeting_form.html",
        status=outcome.status,
        draft=draft,
        customer=customer,
        meeting=meeting,
        message=outcome.message,
        outrun=differences(outcome.both, words.meeting_fields(), draft.reads(known), theirs.reads(known)),
        reps=known.choices(page.identity, in_charge),
        colleagues=known.colleagues,
    )
