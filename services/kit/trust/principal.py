"""Who calls: what a verified access token says, with the permissions that its roles give."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

PermissionsOf = Callable[[Iterable[str]], frozenset[str]]
"""Permissions that roles give together; the table itself belongs to the published language, not to the kit."""

_NO_SESSION: Final = UUID(int=0)


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

    @classmethod
    def signed_out(cls, user_id: UUID, roles: frozenset[str], permissions: frozenset[str]) -> Self:
        """Whoever asked for something that is done later: with the rights that they have by then, and no session."""
        return cls(user_id, roles, permissions, _NO_SESSION, issued_at=0, expires_at=0, token_id="")

    def has(self, permission: str) -> bool:
        return permission in self.permissions
