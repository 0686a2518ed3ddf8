"""Who may do what with which meeting or task.

Seen are one's own records, those one attends, and those about customers assigned to oneself; a manager sees and
changes the same of everybody who reports to them, transitively. Changed are only records of people in one's scope.
"""

from dataclasses import dataclass
from uuid import UUID

from services.contracts.permissions import Permission, Scope, scope_of
from services.kit.errors import Forbidden
from services.kit.trust.principal import Principal


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and how far what they ask for may reach."""

    user_id: UUID
    scope: Scope


def viewer(principal: Principal, permission: Permission) -> Viewer:
    """Raises Forbidden if no role grants the permission; else it reaches as far as the roles that do."""
    scope = scope_of(principal.roles, permission)
    if scope is None:
        raise Forbidden
    return Viewer(principal.user_id, scope)


def reader(principal: Principal) -> Viewer:
    return viewer(principal, Permission.ACTIVITY_READ)


def writer(principal: Principal) -> Viewer:
    return viewer(principal, Permission.ACTIVITY_WRITE)


def everything(principal: Principal) -> Viewer:
    """For the answer to a write whose rights were checked on the row before the change."""
    return Viewer(principal.user_id, Scope.ALL)
