"""Who may do what with which customer.

A rep has the customers assigned to them, a manager also those of everybody who reports to them, transitively; an
auditor and an administrator have all. Whoever decides requests also reads, and only reads, the customers of those that
name them as an approver, or whom they stand in for at the time. Customers that are deleted show to auditors and to
whoever may restore them.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from services.contracts.permissions import Permission, Role, Scope, scope_of
from services.kit.errors import Forbidden
from services.kit.running import clock
from services.kit.trust.principal import Principal

ASSIGNABLE_ROLES = frozenset({Role.REP, Role.MANAGER})
"""Who can be in charge of a customer."""


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who asks, and how far what they ask for may reach."""

    user_id: UUID
    scope: Scope
    sees_deleted: bool = False
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
    return Viewer(principal.user_id, scope, sees_deleted(principal))


def reader(principal: Principal) -> Viewer:
    found = viewer(principal, Permission.CUSTOMER_READ)
    named = found.scope is not Scope.ALL and principal.has(Permission.APPROVAL_DECIDE)
    return replace(found, named_at=clock.now() if named else None)


def sees_deleted(principal: Principal) -> bool:
    return Role.AUDITOR in principal.roles or principal.has(Permission.CUSTOMER_RESTORE)
