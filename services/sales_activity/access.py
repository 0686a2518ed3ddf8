"""Who may do what with which meeting or task.

Seen are one's own records, those one attends, and those about customers assigned to oneself; a manager sees and
changes the same of everybody who reports to them, transitively. Changed are only records of people in one's scope.
"""

from dataclasses import dataclass
from uuid import UUID

from services.contracts.permissions import ROLE_PERMISSIONS, Permission, Role, Scope, scope_of
from services.kit.errors import Forbidden
from services.kit.principal import Principal

_ROLE_VALUES = frozenset(role.value for role in Role)


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and how far what they ask for may reach."""

    user_id: UUID
    scope: Scope


def viewer(principal: Principal, permission: Permission) -> Viewer:
    """Raises Forbidden if no role grants the permission. The scope is the widest among the roles that do grant it:
    an auditor who also is a rep reads everything but changes only what is theirs."""
    granting = [role for role in principal.roles if role in _ROLE_VALUES and permission in ROLE_PERMISSIONS[Role(role)]]
    if not granting:
        raise Forbidden
    return Viewer(principal.user_id, scope_of(granting))


def reader(principal: Principal) -> Viewer:
    return viewer(principal, Permission.ACTIVITY_READ)


def writer(principal: Principal) -> Viewer:
    return viewer(principal, Permission.ACTIVITY_WRITE)


def everything(principal: Principal) -> Viewer:
    """For the answer to a write whose rights were checked on the row before the change."""
    return Viewer(principal.user_id, Scope.ALL)
