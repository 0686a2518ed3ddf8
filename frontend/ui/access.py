"""Which roles see which part of the navigation.

Only a convenience of display: every right is checked by the services. The table follows the roles of the domain.
"""

from __future__ import annotations

from collections.abc import Iterable

_EVERYONE = frozenset({"rep", "manager", "approver", "auditor", "ops", "admin"})
_SALES = frozenset({"rep", "manager", "auditor", "admin"})

_ROLES_BY_PERMISSION: dict[str, frozenset[str]] = {
    "approval:read": _EVERYONE - {"ops"},
    "approval:request": frozenset({"rep", "manager", "admin"}),
    "approval:comment": _EVERYONE - {"auditor", "ops"},
    "approval:decide": frozenset({"manager", "approver"}),
    "approval:reassign-any": frozenset({"admin"}),
    "audit:read": frozenset({"auditor", "admin"}),
    "audit:examine": frozenset({"auditor"}),
    "customer:read": _SALES | {"approver"},
    "customer:write": frozenset({"rep", "manager", "admin"}),
    "customer:delete": frozenset({"manager", "admin"}),
    "customer:restore": frozenset({"admin"}),
    "customer:assign": frozenset({"manager", "admin"}),
    "activity:read": _SALES | {"approver"},
    "activity:write": frozenset({"rep", "manager", "admin"}),
    "report:read": _SALES | {"approver"},  # approvers see the approval figures that name them
    "process:read": _EVERYONE - {"approver"},  # each sees what they started; ops, auditors and admins see all
    "process:operate": frozenset({"ops", "admin"}),
    "user:manage": frozenset({"admin"}),
}


def allows(roles: Iterable[str], permission: str | None) -> bool:
    """True when one of the roles has the permission (one of them, if several stand there, with blanks between), or
    none is asked for."""
    if permission is None:
        return True
    granted = set(roles)
    return any(granted & _ROLES_BY_PERMISSION.get(name, frozenset()) for name in permission.split())
