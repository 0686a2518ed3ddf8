"""Who calls: what a verified access token says, with the permissions that its roles give."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from uuid import UUID

PermissionsOf = Callable[[Iterable[str]], frozenset[str]]
"""Permissions that roles give together; the table itself belongs to the published language, not to the kit."""


@dataclass(frozen=True, slots=True)
class Principal:
    """Valid until ``expires_at`` (seconds since the epoch), unless its session or user is revoked earlier."""

    user_id: UUID
    roles: frozenset[str]
    permissions: frozenset[str]
    session_id: UUID
    issued_at: float
    expires_at: float
    token_id: str

    def has(self, permission: str) -> bool:
        return permission in self.permissions
