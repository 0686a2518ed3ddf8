"""Creating and changing customers, the investment profile with them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer import words
from frontend.customer.form import Draft, differences
from frontend.customer.manifest import PREFIX
from frontend.customer.views import Customer
from frontend.ui.access import allows
from frontend.ui.formats import timestamp
from frontend.ui.gateway import CONFLICT, UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.i18n import gettext
from frontend.ui.page import KEY_FIELD, Page
from frontend.ui.people import people

PRECONDITION_FAILED = 412
_Differences = list[tuple[str, str, str]]


async def new(request: Request) -> Response:
    """GET /customers/new."""
    return await _render(Page.of(request), Draft.blank())


async def create(request: Request) -> Response:
    """POST /customers/new."""
    page = Page.of(request)
    form = await page.form()
    draft = Draft.from_form(form)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE)
    body = draft.body(None, with_assignee=_may_assign(page))
    try:
        answer = await page.gateway.send("POST", "/customers", body, key=str(form.get(KEY_FIELD, "")) or None)
    except GatewayProblem as problem:
        return await _explained(page, draft, problem)
    return page.redirect(f"{PREFIX}/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /customers/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/customers/{segment(request.path_params['id'])}")
    customer = Customer.model_validate(answer.body)
    return await _render(page, Draft.from_customer(customer), customer=customer, etag=answer.headers.get("ETag", ""))


async def update(request: Request) -> Response:
    """POST /customers/{id}/edit."""
    page = Page.of(request)
    form = await page.form()
    draft, etag = Draft.from_form(form), str(form.get("etag", ""))
    path = f"/customers/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    customer = Customer.model_validate(current.body)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, customer=customer, etag=etag)
    body = draft.body(customer, with_assignee=_may_assign(page))
    try:
        await page.gateway.send("PUT", path, body, if_match=etag)
    except GatewayProblem as problem:
        if problem.status == PRECONDITION_FAILED:
            return await _outrun(page, draft, problem, customer, current.headers.get("ETag", ""))
        return await _explained(page, draft, problem, customer=customer, etag=etag)
    return page.redirect(f"{PREFIX}/{segment(customer.id)}")


def _may_assign(page: Page) -> bool:
    return allows(page.identity.roles, "customer:assign")


async def _outrun(page: Page, draft: Draft, problem: GatewayProblem, customer: Customer, etag: str) -> Response:
    """Somebody saved in between: who, when, and what stands there now beside what was typed here."""
    who = str(problem.document.get("changedBy") or "")
    known = await people(page.gateway, who, customer.assigned_sales_id)
    at = problem.document.get("changedAt")
    if known.name(who) and at:
        message = gettext("%(who)s changed this customer at %(at)s, after you had opened it.") % {
            "who": known.name(who),
            "at": timestamp(str(at)),
        }
    else:
        message = gettext("Somebody changed this customer after you had opened it.")
    names = {user_id: user.name for user_id, user in known.users.items()}
    rows = differences(draft, Draft.from_customer(customer), names)
    return await _render(
        page, draft, status=PRECONDITION_FAILED, customer=customer, etag=etag, message=message, outrun=rows
    )


async def _explained(
    page: Page, draft: Draft, problem: GatewayProblem, *, customer: Customer | None = None, etag: str = ""
) -> Response:
    """The form again with what the server said, at the fields where it said so."""
    if problem.is_outage:
        message = gettext("It was not saved: the service does not answer. Your text is still here; try again.")
    elif problem.status in {CONFLICT, UNPROCESSABLE}:
        message = problem.message
    else:
        raise problem
    draft.explain(problem)
    return await _render(page, draft, status=problem.status, customer=customer, etag=etag, message=message)


async def _render(
    page: Page,
    draft: Draft,
    *,
    status: int = 200,
    customer: Customer | None = None,
    etag: str = "",
    message: str = "",
    outrun: _Differences | None = None,
) -> Response:
    known = await people(page.gateway) if _may_assign(page) else None
    return page.render(
        "customer/form.html",
        status=status,
        draft=draft,
        customer=customer,
        etag=etag,
        message=message,
        outrun=outrun or [],
        reps=known.choices(page.identity) if known else [],
        bands=list(words.bands().items()),
    )
