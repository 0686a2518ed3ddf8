"""Who may do what: the one table that maps roles to permissions (domain model, section "Roles").

A permission opens an action as such. Whether it applies to *this* object (own, team, all) is asked of
each service's `access.py`, which evaluates it on the service's own copies of users and customers.
"""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    REP = "rep"
    MANAGER = "manager"
    APPROVER = "approver"
    AUDITOR = "auditor"
    OPS = "ops"
    ADMIN = "admin"


class Permission(StrEnum):
    CUSTOMER_READ = "customer:read"
    CUSTOMER_WRITE = "customer:write"
    CUSTOMER_ASSIGN = "customer:assign"
    CUSTOMER_DELETE = "customer:delete"
    CUSTOMER_RESTORE = "customer:restore"
    ACTIVITY_READ = "activity:read"
    ACTIVITY_WRITE = "activity:write"
    APPROVAL_READ = "approval:read"
    APPROVAL_REQUEST = "approval:request"
    APPROVAL_COMMENT = "approval:comment"
    APPROVAL_DECIDE = "approval:decide"
    APPROVAL_REASSIGN_ANY = "approval:reassign-any"
    REPORT_READ = "report:read"
    USER_READ = "user:read"
    USER_MANAGE = "user:manage"
    AUDIT_READ = "audit:read"
    AUDIT_EXAMINE = "audit:examine"
    PROCESS_READ = "process:read"
    PROCESS_OPERATE = "process:operate"


class Scope(StrEnum):
    """How far a role sees: its own records, those of everyone who reports to it, or all."""

    OWN = "own"
    TEAM = "team"
    ALL = "all"


_REP = {
    Permission.CUSTOMER_READ,
    Permission.CUSTOMER_WRITE,
    Permission.ACTIVITY_READ,
    Permission.ACTIVITY_WRITE,
    Permission.APPROVAL_READ,
    Permission.APPROVAL_REQUEST,
    Permission.APPROVAL_COMMENT,
    Permission.REPORT_READ,
    Permission.USER_READ,
}

ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.REP: frozenset(_REP),
    Role.MANAGER: frozenset(
        _REP | {Permission.CUSTOMER_ASSIGN, Permission.CUSTOMER_DELETE, Permission.APPROVAL_DECIDE}
    ),
    Role.APPROVER: frozenset(
        {
            Permission.APPROVAL_READ,
            Permission.APPROVAL_COMMENT,
            Permission.APPROVAL_DECIDE,
            Permission.CUSTOMER_READ,
            Permission.ACTIVITY_READ,
            Permission.USER_READ,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            Permission.CUSTOMER_READ,
            Permission.ACTIVITY_READ,
            Permission.APPROVAL_READ,
            Permission.REPORT_READ,
            Permission.USER_READ,
            Permission.AUDIT_READ,
            Permission.AUDIT_EXAMINE,
            Permission.PROCESS_READ,
        }
    ),
    # Operators see processes and system health; no record of a customer opens to them.
    Role.OPS: frozenset({Permission.PROCESS_READ, Permission.PROCESS_OPERATE}),
    # An administrator may do everything but decide and examine: whoever appoints the approvers does not approve, and is
    # no judge of what was approved.
    Role.ADMIN: frozenset(set(Permission) - {Permission.APPROVAL_DECIDE, Permission.AUDIT_EXAMINE}),
}

ROLE_SCOPES: dict[Role, Scope] = {
    Role.REP: Scope.OWN,
    Role.MANAGER: Scope.TEAM,
    Role.APPROVER: Scope.OWN,
    Role.AUDITOR: Scope.ALL,
    Role.OPS: Scope.OWN,
    Role.ADMIN: Scope.ALL,
}


def permissions_of(roles: Iterable[str]) -> frozenset[Permission]:
    """All permissions that these roles grant together; a role that is not known grants nothing."""
    granted: frozenset[Permission] = frozenset()
    for role in roles:
        if role in _ROLE_VALUES:
            granted |= ROLE_PERMISSIONS[Role(role)]
    return granted


def scope_of(roles: Iterable[str], permission: Permission) -> Scope | None:
    """How far these roles reach with a permission: the widest scope of those that grant it, None if none does.

    An auditor who also is a rep reads everything but changes only what is theirs.
    """
    known = [Role(role) for role in roles if role in _ROLE_VALUES]
    scopes = {ROLE_SCOPES[role] for role in known if permission in ROLE_PERMISSIONS[role]}
    return next((scope for scope in (Scope.ALL, Scope.TEAM, Scope.OWN) if scope in scopes), None)


_ROLE_VALUES = frozenset(role.value for role in Role)
