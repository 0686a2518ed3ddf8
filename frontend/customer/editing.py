"""Creating and changing customers, the investment profile with them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer import words
from frontend.customer.form import Draft
from frontend.customer.manifest import PREFIX
from frontend.customer.views import Customer
from frontend.ui.access import allows
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.page import Page
from frontend.ui.people import People, people
from frontend.ui.saving import PRECONDITION_FAILED, differences, refusal


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
        answer = await page.gateway.send("POST", "/customers", body, key=draft.key or None)
    except GatewayProblem as problem:
        draft.explain(problem)
        return await _render(page, draft, status=problem.status, message=await refusal(page, problem))
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
    draft.values["assignedSalesId"] = draft.get("assignedSalesId") or customer.assigned_sales_id or ""
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, customer=customer, etag=etag)
    body = draft.body(customer, with_assignee=_may_assign(page))
    try:
        await page.gateway.send("PUT", path, body, if_match=etag)
    except GatewayProblem as problem:
        draft.explain(problem)
        message, theirs = await refusal(page, problem), None
        if problem.status == PRECONDITION_FAILED:
            theirs, etag = Draft.from_customer(customer), current.headers.get("ETag", "")
        return await _render(
            page, draft, status=problem.status, customer=customer, etag=etag, message=message, theirs=theirs
        )
    return page.redirect(f"{PREFIX}/{segment(customer.id)}")


def _may_assign(page: Page) -> bool:
    return allows(page.identity.roles, "customer:assign")


async def _render(
    page: Page,
    draft: Draft,
    *,
    status: int = 200,
    customer: Customer | None = None,
    etag: str = "",
    message: str = "",
    theirs: Draft | None = None,
) -> Response:
    """`theirs`: what somebody else saved after this form had been opened."""
    in_charge = (customer.assigned_sales_id if customer else None) or ""
    known = await people(page.gateway, in_charge) if _may_assign(page) or theirs else People()
    outrun = differences(words.fields(), draft.reads(known), theirs.reads(known)) if theirs else []
    return page.render(
        "customer/form.html",
        status=status,
        draft=draft,
        customer=customer,
        etag=etag,
        message=message,
        outrun=outrun,
        reps=known.choices(page.identity, in_charge) if _may_assign(page) else [],
        bands=list(words.bands().items()),
    )
