"""Who may do what with which meeting or task.

Seen are one's own records, those one attends, and those about customers assigned to oneself; a manager sees and
changes the same of everybody who reports to them, transitively. Changed are only records of people in one's scope.

Whoever decides requests also reads, and only reads, what was done for the customers of those that name them as an
approver, or whom they stand in for at the time. An approver as such has no work of their own here: that is all the role
opens.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.permissions import Permission, Role, Scope, scope_of
from services.kit.errors import Forbidden
from services.kit.running import clock
from services.kit.trust.principal import Principal


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and how far what they ask for may reach. ``scope``: None for nobody's work, not even their own."""

    user_id: UUID
    scope: Scope | None
    named_at: datetime | None = None
    """Also to customers of requests that name them, or somebody for whom they stand in at this time."""

    @property
    def params(self) -> dict[str, Any]:
        """Of the conditions in the repository."""
        return {"viewer": self.user_id, "named_at": self.named_at}


def viewer(principal: Principal, permission: Permission) -> Viewer:
    """Raises Forbidden if no role grants the permission; else it reaches as far as the roles that do."""
    scope = scope_of(principal.roles, permission)
    if scope is None:
        raise Forbidden
    return Viewer(principal.user_id, scope)


def reader(principal: Principal) -> Viewer:
    found = viewer(principal, Permission.ACTIVITY_READ)
    if found.scope is Scope.ALL or not principal.has(Permission.APPROVAL_DECIDE):
        return found
    of_work = scope_of([role for role in principal.roles if role != Role.APPROVER], Permission.ACTIVITY_READ)
    return replace(found, scope=of_work, named_at=clock.now())


def writer(principal: Principal) -> Viewer:
    return viewer(principal, Permission.ACTIVITY_WRITE)


def everything(principal: Principal) -> Viewer:
    """For the answer to a write whose rights were checked on the row before the change."""
    return Viewer(principal.user_id, Scope.ALL)
