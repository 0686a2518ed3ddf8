"""The customer's record as it is now, for whoever decides on a request about them."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.customer.views import Customer
from frontend.ui.gateway import GatewayProblem, segment
from frontend.ui.page import Page
from frontend.ui.people import people


async def show(request: Request) -> Response:
    """GET /customers/-/card?customerId=. Who may not read the customer is told so, and nothing else."""
    page = Page.of(request)
    try:
        answer = await page.gateway.get(f"/customers/{segment(page.query('customerId'))}")
    except GatewayProblem as problem:
        if not problem.is_hidden:
            raise
        return page.render("customer/card.html", customer=None)
    customer = Customer.model_validate(answer)
    reviewer = customer.profile.reviewed_by if customer.profile else None
    known = await people(page.gateway, customer.assigned_sales_id, reviewer)
    return page.render("customer/card.html", customer=customer, people=known)
