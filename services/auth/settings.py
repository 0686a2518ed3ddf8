"""What auth reads beyond the settings of every service, and the lifetimes that it grants."""

from datetime import timedelta
from pathlib import Path
from typing import Final, Self

from services.kit.running.settings import ServiceSettings

ACCESS_TOKEN_LIFETIME: Final = timedelta(minutes=15)
REFRESH_TOKEN_IDLE: Final = timedelta(days=3)
"""A refresh token that is not used for so long is void."""
SESSION_LIFETIME: Final = timedelta(days=14)
"""Absolute: however often it is refreshed, a session ends then."""
ROTATION_GRACE: Final = timedelta(seconds=60)
"""For so long a refresh token may come a second time: two tabs sent it at once, or its answer was lost and it is asked
for again. Longer than any caller waits for an answer (30 s at the gateway)."""
REVOCATION_RETENTION: Final = ACCESS_TOKEN_LIFETIME + timedelta(minutes=5)
"""No access token that a revocation concerns outlives this."""
SIGNING_KEY_LIFETIME: Final = timedelta(days=90)
SIGNING_KEY_OVERLAP: Final = timedelta(minutes=30)
"""A retired key stays in the JWKS until the last token that it signed has expired, with slack."""
RECYCLE_BIN: Final = timedelta(days=30)
"""For so long a deleted user can be restored."""


class AuthSettings(ServiceSettings):
    totp_required_roles: str = ""
    """Roles, separated by commas, whose holders may do nothing but enrol a second factor until they have one."""
    audit_head_file: Path | None = None
    """A file outside the database to which the sealer appends each signed head of the audit chain."""

    @classmethod
    def of(cls, settings: ServiceSettings | None) -> Self:
        """These settings with auth's own read from the environment."""
        if isinstance(settings, cls):
            return settings
        return cls() if settings is None else cls(**settings.model_dump())

    @property
    def roles_with_totp(self) -> frozenset[str]:
        return frozenset(role.strip() for role in self.totp_required_roles.split(",") if role.strip())
