"""The field that chooses the customer whom a record is about: search, then one of the found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import Response

from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import Page
from frontend.ui.views import View

MIN_QUERY = 2
MAX_QUERY = 100
MAX_CHOICES = 8


class CustomerChoice(View):
    id: str
    name: str
    name_kana: str | None = None
    state: str = "ACTIVE"


@dataclass(slots=True)
class CustomerField:
    """What stands in the field: the customer chosen, if any, what was searched for beside, and who was found.

    `found` is None where nobody was searched for, and where the search does not answer (`unavailable`).
    """

    id: str = ""
    name: str = ""
    query: str = ""
    found: list[CustomerChoice] | None = None
    unavailable: bool = False

    @classmethod
    def from_form(cls, form: FormData) -> Self:
        """A choice comes back with its name, so that a form that was refused can be shown again without asking."""
        customer_id, _, name = str(form.get("customer", "")).strip().partition("|")
        return cls(customer_id, name, str(form.get("customer_query", "")).strip())

    @classmethod
    async def of(cls, gateway: UserGateway, customer_id: str) -> Self:
        """The customer named in an address; nobody when there is none such."""
        if not customer_id:
            return cls()
        try:
            customer = CustomerChoice.model_validate(await gateway.get(f"/customers/{segment(customer_id)}"))
        except GatewayProblem as problem:
            if problem.is_outage:
                raise
            return cls()
        return cls(customer.id, customer.name)

    async def search(self, gateway: UserGateway) -> None:
        """Find whom the query means besides the one chosen. A search that fails loses nothing of the form."""
        if len(self.query) < MIN_QUERY:
            return
        try:
            answer = await gateway.get("/customers/search", q=self.query[:MAX_QUERY], limit=MAX_CHOICES)
        except GatewayProblem as problem:
            if not problem.is_outage:
                raise
            self.unavailable = True
            return
        customers = (CustomerChoice.model_validate(item) for item in answer["items"])
        self.found = [customer for customer in customers if customer.state == "ACTIVE" and customer.id != self.id]


async def choices(request: Request) -> Response:
    """GET …/-/customers?customer_query=: what the field offers while somebody types. Each remote has its own route."""
    page = Page.of(request)
    customer = CustomerField(query=page.query("customer_query").strip())
    await customer.search(page.gateway)
    return page.render("ui/customer_choices.html", customer=customer)
