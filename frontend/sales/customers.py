"""Choosing the customer that a meeting or task is about."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from frontend.sales.views import CustomerChoice
from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import Page

MIN_QUERY = 2
MAX_QUERY = 100
MAX_CHOICES = 8


async def choices(request: Request) -> Response:
    """GET /meetings/-/customers?customer_query=: what the picker offers."""
    page = Page.of(request)
    query = page.query("customer_query").strip()
    return page.render("sales/customer_choices.html", choices=await found(page.gateway, query), query=query)


async def found(gateway: UserGateway, query: str) -> list[CustomerChoice]:
    if len(query) < MIN_QUERY:
        return []
    answer = await gateway.get("/customers/search", q=query[:MAX_QUERY], limit=MAX_CHOICES)
    customers = (CustomerChoice.model_validate(item) for item in answer["items"])
    return [customer for customer in customers if customer.state == "ACTIVE"]


async def chosen(gateway: UserGateway, customer_id: str) -> tuple[str, str]:
    """Id and name of a customer named in the address; empty when there is none such."""
    if not customer_id:
        return "", ""
    try:
        customer = CustomerChoice.model_validate(await gateway.get(f"/customers/{segment(customer_id)}"))
    except GatewayProblem as problem:
        if problem.is_outage:
            raise
        return "", ""
    return customer.id, customer.name
