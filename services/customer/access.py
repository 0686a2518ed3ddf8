"""Who may do what with which customer.

A rep has the customers assigned to them, a manager also those of everybody who reports to them, transitively; an
auditor and an administrator have all. Whoever decides requests also reads, and only reads, the customers of those that
name them as an approver. Customers that are deleted show to auditors and to whoever may restore them.
"""

from dataclasses import dataclass, replace
from uuid import UUID

from services.contracts.permissions import Permission, Role, Scope, scope_of
from services.kit.errors import Forbidden
from services.kit.trust.principal import Principal

ASSIGNABLE_ROLES = frozenset({Role.REP, Role.MANAGER})
"""Who can be in charge of a customer."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and how far what they ask for may reach. ``named``: also to customers of requests that name them."""

    user_id: UUID
    scope: Scope
    sees_deleted: bool = False
    named: bool = False


def viewer(principal: Principal, permission: Permission) -> Viewer:
    """Raises Forbidden if no role grants the permission; else it reaches as far as the roles that do."""
    scope = scope_of(principal.roles, permission)
    if scope is None:
        raise Forbidden
    return Viewer(principal.user_id, scope, sees_deleted(principal))


def reader(principal: Principal) -> Viewer:
    found = viewer(principal, Permission.CUSTOMER_READ)
    return replace(found, named=found.scope is not Scope.ALL and principal.has(Permission.APPROVAL_DECIDE))


def sees_deleted(principal: Principal) -> bool:
    return Role.AUDITOR in principal.roles or principal.has(Permission.CUSTOMER_RESTORE)
