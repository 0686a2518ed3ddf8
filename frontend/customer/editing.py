"""Creating and changing customers, the investment profile with them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer import words
from frontend.customer.form import CustomerDraft
from frontend.customer.manifest import PREFIX
from frontend.customer.views import Customer
from frontend.ui import saving
from frontend.ui.access import allows
from frontend.ui.gateway import segment
from frontend.ui.page import Page
from frontend.ui.people import People, people
from frontend.ui.saving import FRESH, INVALID, NotSaved, differences


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
        return await _render(page, draft, INVALID)
    parts = draft.touched if _may_assign(page) else draft.touched - {"assignedSalesId"}
    answer = await saving.create(page, "/customers", draft, draft.change(parts))
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer)
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
        return await _render(page, draft, INVALID, customer=customer)
    answer = await saving.save(page, path, draft, current)
    if isinstance(answer, NotSaved):
        return await _render(page, draft, answer, customer=Customer.model_validate(answer.record or current.body))
    return page.redirect(f"{PREFIX}/{segment(customer.id)}")


def _may_assign(page: Page) -> bool:
    return allows(page.identity.roles, "customer:assign")


async def _render(
    page: Page,
    draft: CustomerDraft,
    outcome: NotSaved = FRESH,
    *,
    customer: Customer | None = None,
) -> Response:
    in_charge = (customer.assigned_sales_id if customer else None) or ""
    known = await people(page.gateway, in_charge) if _may_assign(page) or outcome.both else People()
    theirs = CustomerDraft(inputs=dict(draft.original.inputs or {}))
    return page.render(
        "customer/form.html",
        status=outcome.status,
        draft=draft,
        customer=customer,
        message=outcome.message,
        outrun=differences(outcome.both, words.fields(), draft.reads(known), theirs.reads(known)),
        reps=known.choices(page.identity, in_charge) if _may_assign(page) else [],
    )
