"""Who sees which requests. A request that one may not see answers 404."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from services.contracts.permissions import Scope, scope_of
from services.kit import clock
from services.kit.database import Reader
from services.kit.principal import Principal
from services.opportunity.repository import people

VISIBLE = (
    "(%(sees_all)s OR EXISTS (SELECT 1 FROM approval_participants seen WHERE seen.approval_id = a.id"
    " AND (seen.user_id = ANY(%(acts_as)s)"
    "  OR (seen.user_id = ANY(%(team)s) AND seen.relation IN ('REQUESTER', 'OWNER')))))"
)
"""SQL condition on ``approvals a``; its parameters are those of View.params."""


@dataclass(frozen=True, slots=True)
class View:
    """How far a caller sees: all, what names them or whom they stand in for, and their team's own requests."""

    sees_all: bool
    acts_as: list[UUID]
    team: list[UUID]
    proxy_for: frozenset[UUID]

    @property
    def params(self) -> dict[str, Any]:
        return {"sees_all": self.sees_all, "acts_as": self.acts_as, "team": self.team}

    def may_request_for(self, assigned_sales_id: UUID | None) -> bool:
        """Customers whose requests the caller may raise: their own, their team's, or all."""
        return self.sees_all or assigned_sales_id in self.team


async def view_of(reader: Reader, principal: Principal) -> View:
    scope = scope_of(principal.roles)
    me = principal.user_id
    proxy_for = await people.proxied_by(reader, me, clock.now())
    team = await people.team_of(reader, me) if scope is Scope.TEAM else [me]
    return View(scope is Scope.ALL, [me, *proxy_for], team, proxy_for)
