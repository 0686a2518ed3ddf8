"""Deleting with a look at what it takes along, and bringing back; both lead to the page of their process."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer import words
from frontend.customer.manifest import PREFIX
from frontend.customer.views import Customer, DeletionPreview
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.page import KEY_FIELD, Page


async def confirm(request: Request) -> Response:
    """GET /customers/{id}/delete: counts of what would be hidden, held and cancelled."""
    return await _confirm(Page.of(request), request.path_params["id"])


async def delete(request: Request) -> Response:
    """POST /customers/{id}/delete: starts the process, or finds the one that runs already."""
    page = Page.of(request)
    await page.form()
    customer_id = request.path_params["id"]
    try:
        answer = await page.gateway.send("DELETE", f"/customers/{segment(customer_id)}")
    except GatewayProblem as problem:
        if problem.status in {403, 404}:
            raise
        return await _confirm(page, customer_id, status=problem.status, error=problem.message)
    return page.redirect(f"/processes/{segment(answer.body['sagaId'])}")


async def restore(request: Request) -> Response:
    """POST /customers/{id}/restore."""
    page = Page.of(request)
    form = await page.form()
    path = f"/customers/{segment(request.path_params['id'])}"
    answer = await page.gateway.send("POST", f"{path}/restore", key=str(form.get(KEY_FIELD, "")) or None)
    return page.redirect(f"/processes/{segment(answer.body['sagaId'])}")


async def _confirm(page: Page, customer_id: str, *, status: int = 200, error: str = "") -> Response:
    path = f"/customers/{segment(customer_id)}"
    customer = Customer.model_validate(await page.gateway.get(path))
    if customer.state != "ACTIVE":
        target = f"/processes/{segment(customer.process_id)}" if customer.process_id else f"{PREFIX}/{customer.id}"
        return page.redirect(target)
    preview: DeletionPreview | None = None
    try:
        preview = DeletionPreview.model_validate(await page.gateway.get(f"{path}/deletion-preview"))
    except GatewayProblem as problem:
        if not problem.is_outage:
            raise
    rows = [(words.workload_text(item.kind), item.count) for item in preview.items] if preview else []
    return page.render(
        "customer/delete.html", status=status, customer=customer, preview=preview, rows=rows, error=error
    )
