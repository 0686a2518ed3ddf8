"""Beside the form of a route: who would get a request, and what the version would have changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from starlette.datastructures import FormData

from frontend.opportunity.routes.form import START_OF_DAY
from frontend.opportunity.routes.views import Simulation, Trial
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.customer_field import CustomerField
from frontend.ui.formats import YEN
from frontend.ui.gateway import GatewayProblem
from frontend.ui.i18n import gettext
from frontend.ui.page import Page
from frontend.ui.time_zone import office_time

FIRST_KIND = "FEE_DISCOUNT"


@dataclass(slots=True)
class TrialForm:
    """The request that is tried, as typed; `result` is the answer, `message` why there is none."""

    requester: str = ""
    kind: str = FIRST_KIND
    amount: str = ""
    currency: str = YEN
    customer: str = ""
    day: str = ""
    result: Trial | None = None
    simulation: Simulation | None = None
    message: str = ""
    problems: dict[str, str] = field(default_factory=dict)

    @classmethod
    def from_form(cls, form: FormData) -> Self:
        def text(name: str, otherwise: str = "") -> str:
            return str(form.get(name, otherwise)).strip()

        return cls(
            requester=text("try_requester"),
            kind=text("try_kind", FIRST_KIND),
            amount=text("try_amount"),
            currency=text("try_currency", YEN),
            customer=text("customer"),
            day=text("try_day"),
        )

    async def ask(self, page: Page, draft: Mapping[str, Any] | None) -> None:
        """Who would get it. What the request or the draft is refused for stands in the form."""
        if not self.requester:
            self.problems["requesterId"] = gettext("Choose who asks.")
            return
        try:
            amount = parse_amount(self.amount, self.currency) if self.amount else None
        except AmountRefused as refused:
            self.problems["amount"] = str(refused)
            return
        at = office_time(self.day, START_OF_DAY) if self.day else None
        body = {
            "kind": self.kind,
            "amount": amount,
            "currency": self.currency,
            "requesterId": self.requester,
            "customerId": CustomerField.parse(self.customer).id or None,
            "at": at and at.isoformat(),
            "draft": draft,
        }
        answer = await self._send(page, "/approval-routes/try", body)
        self.result = None if answer is None else Trial.model_validate(answer | {"currency": self.currency})

    async def simulate(self, page: Page, draft: Mapping[str, Any]) -> None:
        answer = await self._send(page, "/approval-routes/simulate", {"draft": draft})
        self.simulation = None if answer is None else Simulation.model_validate(answer)

    async def _send(self, page: Page, path: str, body: Mapping[str, Any]) -> Any:
        try:
            return (await page.gateway.send("POST", path, body)).body
        except GatewayProblem as problem:
            if not problem.is_outage and not problem.pointed_errors:
                raise
            self.problems |= {pointer.strip("/"): message for pointer, message in problem.pointed_errors}
            outage = gettext("This cannot be shown right now.")
            self.message = outage if problem.is_outage else "; ".join(dict.fromkeys(self.problems.values()))
            return None
