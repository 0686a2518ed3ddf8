"""The field that chooses the customer whom a record is about: search, then one of the found."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from starlette.requests import Request
from starlette.responses import Response

from frontend.ui.gateway import GatewayProblem, UserGateway, segment
from frontend.ui.page import Page
from frontend.ui.views import View

MAX_QUERY = 100
MAX_FOUND = 50
MAX_CHOICES = 8
_FEW_LETTERS = re.compile(r"[0-9A-Za-z０-９Ａ-Ｚａ-ｚ]")


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
    def parse(cls, value: str, query: str = "") -> Self:
        """A choice comes back with its name, so that a form that was refused can be shown again without asking."""
        customer_id, _, name = value.partition("|")
        return cls(customer_id, name, query)

    @property
    def value(self) -> str:
        """The choice as the form sends it."""
        return f"{self.id}|{self.name}" if self.id else ""

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
        if not self.is_searched:
            return
        try:
            answer = await gateway.get("/customers/search", q=self.query[:MAX_QUERY], limit=MAX_FOUND)
        except GatewayProblem as problem:
            if not problem.is_outage:
                raise
            self.unavailable = True
            return
        customers = (CustomerChoice.model_validate(item) for item in answer["items"])
        found = [customer for customer in customers if customer.state == "ACTIVE" and customer.id != self.id]
        self.found = sorted(found, key=self._distance)[:MAX_CHOICES]

    @property
    def is_searched(self) -> bool:
        """A single character is enough where it can be a whole name, as 林 is; one of the alphabet finds everybody."""
        return bool(self.query) and not (len(self.query) == 1 and _FEW_LETTERS.match(self.query))

    def _distance(self, customer: CustomerChoice) -> int:
        """Whose family name or reading it is comes first: who is called 林 is not lost among 小林 and 林田."""
        names = [name.split() for name in (customer.name, customer.name_kana or "") if name.strip()]
        if any(self.query in (" ".join(parts), parts[0]) for parts in names):
            return 0
        return 1 if any(parts[0].startswith(self.query) for parts in names) else 2


async def choices(request: Request) -> Response:
    """GET …/-/customers?customer_query=: what the field offers while somebody types. Each remote has its own route."""
    page = Page.of(request)
    customer = CustomerField(query=page.query("customer_query").strip())
    await customer.search(page.gateway)
    return page.render("ui/customer_choices.html", customer=customer)
