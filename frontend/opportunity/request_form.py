"""Writing a request: customer, content, the route it will take, saved as a draft or submitted."""

from __future__ import annotations

from typing import NamedTuple

from starlette.requests import Request
from starlette.responses import Response

from frontend.opportunity import words
from frontend.opportunity.drafts import RequestDraft, draft_for
from frontend.opportunity.kinds.definitions import KindField, kinds_for_form, kinds_for_reading, part_of
from frontend.opportunity.kinds.inputs import options
from frontend.opportunity.reading import attachments_of
from frontend.opportunity.request_templates.views import Template
from frontend.opportunity.views import Approval, Route
from frontend.ui import saving
from frontend.ui.customer_field import CustomerField
from frontend.ui.gateway import CONFLICT, Answer, GatewayProblem, UserGateway, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences, refused

SUBMISSIONS = frozenset({"submit", "resubmit"})


class Input(NamedTuple):
    """A field of a kind; `part` is also its name in the form."""

    field: KindField
    part: str
    options: list[tuple[str, str]]


async def new(request: Request) -> Response:
    """GET /approvals/new; `?customerId=` chooses the customer, `?previousId=` asks again, `?copyOf=` begins with the
    content of another request, `?template=` with that of a template."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    form = draft_for(await kinds_for_form(page))
    draft = form.blank()
    if page.query("previousId"):
        previous = await page.gateway.get(f"/approvals/{segment(page.query('previousId'))}")
        draft = form(inputs=dict(form.shown_of(previous)))
        draft.previous_id = page.query("previousId")
    elif page.query("copyOf"):
        other = await page.gateway.get(f"/approvals/{segment(page.query('copyOf'))}")
        draft = form(inputs=dict(form.shown_of(other)))
    elif page.query("template"):
        answer = await page.gateway.get(f"/approval-templates/{segment(page.query('template'))}")
        draft = form(inputs=dict(form.shown_of(Template.model_validate(answer).record)))
    else:
        customer = await CustomerField.of(page.gateway, page.query("customerId"))
        draft.inputs["customer"] = (customer.value,)
    draft.key = page.form_key
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /approvals/new: `action` is find (a customer, without JavaScript), preview, draft or submit."""
    page = Page.of(request)
    draft = draft_for(await kinds_for_form(page)).from_form(await page.form())
    if draft.action in {"find", "preview"}:
        return await _render(page, draft, with_route=draft.action == "preview")
    if not draft.check():
        return await _render(page, draft, INVALID)
    body = {**draft.change(draft.touched), "draft": draft.action == "draft"}
    if draft.previous_id:
        body["previousId"] = draft.previous_id
    answer = await saving.create(page, "/approvals", draft, body)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
    return page.redirect(f"/approvals/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /approvals/{id}/edit: a draft, or a request that was returned."""
    return await edit_with(Page.of(request), request.path_params["id"])


async def edit_with(page: Page, approval_id: str, *, file_error: str = "", status: int = 200) -> Response:
    """The form, with what is wrong with a file beside the form of files."""
    answer = await page.gateway.read(f"/approvals/{segment(approval_id)}")
    outcome = NotSaved(status, "") if file_error else FRESH
    approval = Approval.model_validate(answer.body)
    draft = draft_for(await kinds_for_form(page)).of(answer)
    return await _render(page, draft, outcome, approval=approval, file_error=file_error)


async def update(request: Request) -> Response:
    """POST /approvals/{id}/edit: save, and then submit or resubmit when asked."""
    page = Page.of(request)
    draft = draft_for(await kinds_for_form(page)).from_form(await page.form())
    root = f"/approvals/{segment(request.path_params['id'])}"
    current = await page.gateway.read(root)
    approval = Approval.model_validate(current.body)
    if draft.action in {"find", "preview"}:
        return await _render(page, draft, approval=approval, with_route=draft.action == "preview")
    if not draft.check():
        return await _render(page, draft, INVALID, approval=approval)
    if draft.action in SUBMISSIONS and _is_outrun(draft, current):
        both = draft.rebase(current)
        message = gettext("Somebody changed this after you had opened it. Look at it once more before you submit it.")
        return await _render(page, draft, NotSaved(CONFLICT, message, both), approval=approval)
    saved = await saving.save(page, root, draft, current)
    if isinstance(saved, NotSaved):
        return await _render(page, draft, saved, approval=Approval.model_validate(saved.record or current.body))
    if draft.action in SUBMISSIONS:
        # From here on the form is that of the version just saved.
        draft.rebase(saved)
        try:
            await page.gateway.send("PATCH", f"{root}/{draft.action}", {}, key=draft.key or None)
        except GatewayProblem as problem:
            outcome = await refused(page, draft, problem)
            if problem.is_outage:
                message = gettext("It is saved, but it was not submitted: the service does not answer. Try again.")
                outcome = NotSaved(problem.status, message)
            return await _render(page, draft, outcome, approval=approval)
    return page.redirect(root)


def _is_outrun(draft: RequestDraft, current: Answer) -> bool:
    """Whether the form shows another version than the present: nobody submits what they have not seen."""
    return draft.original.etag != current.headers.get("ETag", "")


async def preview(request: Request) -> Response:
    """POST /approvals/-/preview: the route for the form as it stands."""
    page = Page.of(request)
    draft = draft_for(await kinds_for_reading(page)).from_form(await page.form())
    route, message = await _route(page.gateway, draft)
    return page.render("opportunity/route_preview.html", route=route, message=message)


async def _route(gateway: UserGateway, draft: RequestDraft) -> tuple[Route | None, str]:
    """The preview, or why there is none yet."""
    question = draft.change(set(draft.PARTS))
    del question["fields"]  # They choose no route, and may be half filled in.
    try:
        answer = await gateway.send("POST", "/approvals/preview", {**question, "title": draft.get("title") or "-"})
    except GatewayProblem as problem:
        if problem.is_outage:
            return None, gettext("The route cannot be shown right now.")
        return None, "; ".join(dict.fromkeys([problem.message, *problem.field_errors.values()]))
    return Route.model_validate({**answer.body, "amount": question["amount"], "currency": question["currency"]}), ""


async def _render(
    page: Page,
    draft: RequestDraft,
    outcome: NotSaved = FRESH,
    *,
    approval: Approval | None = None,
    with_route: bool = False,
    file_error: str = "",
) -> Response:
    customer = CustomerField.parse(draft.get("customer"), draft.query)
    await customer.search(page.gateway)
    route, route_message = await _route(page.gateway, draft) if with_route else (None, "")
    theirs = type(draft)(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "opportunity/request_form.html",
        status=outcome.status,
        draft=draft,
        customer=customer,
        approval=approval,
        attachments=None if approval is None else await attachments_of(page.gateway, approval.id),
        file_error=file_error,
        message=outcome.message,
        route=route,
        route_message=route_message,
        outrun=differences(outcome.both, draft.labels(), draft.shown, theirs.shown),
        kinds=list(words.kinds().items()),
        asked=_asked(draft),
    )


def _asked(draft: RequestDraft) -> list[tuple[str, list[Input]]]:
    """The inputs of each kind that has any."""
    return [
        (kind, [Input(field, part_of(kind, field), options(field)) for field in fields])
        for kind, fields in draft.KINDS.by_kind.items()
        if fields
    ]
