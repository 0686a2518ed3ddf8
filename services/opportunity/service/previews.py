"""What would happen to a request before it is raised."""

from typing import Any

from services.kit.db.database import UnitOfWork
from services.kit.running import clock
from services.kit.trust.principal import Principal
from services.opportunity import exchange
from services.opportunity.references import References
from services.opportunity.schemas.previews import RouteQuestion
from services.opportunity.service import requests, routing


async def preview(
    uow: UnitOfWork, principal: Principal, question: RouteQuestion, references: References
) -> dict[str, Any]:
    """The stages with their approvers' names, who is absent and who stands in, and the flags."""
    requester, customer = await requests.parties(uow, principal, question, references)
    now = clock.now()
    chosen = await routing.plan(uow, question, requester, customer, now)
    yen = exchange.shown_in_yen(question.amount, question.currency, chosen.rates)
    return await routing.preview(uow, chosen, now) | {"yenAmount": yen}
