"""Creating and changing customers, the investment profile with them."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer import words
from frontend.customer.form import CustomerDraft
from frontend.customer.manifest import PREFIX
from frontend.customer.views import Customer
from frontend.ui.access import allows
from frontend.ui.gateway import UNPROCESSABLE, GatewayProblem, segment
from frontend.ui.page import Page
from frontend.ui.people import People, people
from frontend.ui.saving import Outrun, differences, refusal, refused, save


async def new(request: Request) -> Response:
    """GET /customers/new."""
    page = Page.of(request)
    if not page.form_key:
        return page.with_form_key()
    draft = CustomerDraft.blank()
    draft.key = page.form_key
    return await _render(page, draft)


async def create(request: Request) -> Response:
    """POST /customers/new."""
    page = Page.of(request)
    draft = CustomerDraft.from_form(await page.form())
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE)
    parts = draft.touched if _may_assign(page) else draft.touched - {"assignedSalesId"}
    try:
        answer = await page.gateway.send("POST", "/customers", draft.change(parts), key=draft.key or None)
    except GatewayProblem as problem:
        draft.place(problem)
        return await _render(page, draft, status=problem.status, message=await refused(page, draft, problem))
    return page.redirect(f"{PREFIX}/{segment(answer.body['id'])}")


async def edit(request: Request) -> Response:
    """GET /customers/{id}/edit."""
    page = Page.of(request)
    answer = await page.gateway.read(f"/customers/{segment(request.path_params['id'])}")
    return await _render(page, CustomerDraft.of(answer), customer=Customer.model_validate(answer.body))


async def update(request: Request) -> Response:
    """POST /customers/{id}/edit."""
    page = Page.of(request)
    draft = CustomerDraft.from_form(await page.form())
    path = f"/customers/{segment(request.path_params['id'])}"
    current = await page.gateway.read(path)
    customer = Customer.model_validate(current.body)
    if not draft.check():
        return await _render(page, draft, status=UNPROCESSABLE, customer=customer)
    try:
        await save(page, path, draft, current)
    except Outrun as outrun:
        return await _render(
            page,
            draft,
            status=outrun.problem.status,
            customer=Customer.model_validate(outrun.current.body),
            message=await refusal(page, outrun.problem),
            both=outrun.both,
        )
    except GatewayProblem as problem:
        draft.place(problem)
        message = await refused(page, draft, problem)
        return await _render(page, draft, status=problem.status, customer=customer, message=message)
    return page.redirect(f"{PREFIX}/{segment(customer.id)}")


def _may_assign(page: Page) -> bool:
    return allows(page.identity.roles, "customer:assign")


async def _render(
    page: Page,
    draft: CustomerDraft,
    *,
    status: int = 200,
    customer: Customer | None = None,
    message: str = "",
    both: Sequence[str] = (),
) -> Response:
    """`both`: the parts that somebody else changed too, after this form had been opened."""
    in_charge = (customer.assigned_sales_id if customer else None) or ""
    known = await people(page.gateway, in_charge) if _may_assign(page) or both else People()
    theirs = CustomerDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "customer/form.html",
        status=status,
        draft=draft,
        customer=customer,
        message=message,
        outrun=differences(both, words.fields(), draft.reads(known), theirs.reads(known)),
        reps=known.choices(page.identity, in_charge) if _may_assign(page) else [],
    )
