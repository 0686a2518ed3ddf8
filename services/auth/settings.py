"""What auth reads beyond the settings of every service, and the lifetimes that it grants."""

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, SecretStr, model_validator

from services.auth.service.head_stores import is_safe
from services.kit.files.bucket import s3_store
from services.kit.files.journal import BucketJournal
from services.kit.running.settings import Environment, ServiceSettings

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
    audit_heads_s3_bucket: str | None = None
    """A bucket with object lock that gets them too."""
    audit_heads_s3_prefix: str = "audit-heads"
    """What names of objects begin with."""
    audit_heads_s3_endpoint: str | None = None
    """None: AWS."""
    audit_heads_s3_region: str | None = None
    """None: what AWS's own variables say."""
    audit_heads_s3_access_key_id: str | None = None
    """None: what AWS's own variables and roles give."""
    audit_heads_s3_secret_access_key: SecretStr | None = None
    """None, as for the key's id: what AWS's own variables and roles give."""
    audit_heads_s3_retention_days: Annotated[int, Field(ge=1, le=36_500)] | None = None
    """For so long nobody can delete an object. None: what the bucket has by default."""
    audit_heads_webhook_url: SecretStr | None = None
    """An https address to which each of them is posted; a part of it may be a secret."""

    @classmethod
    def of(cls, settings: ServiceSettings | None) -> Self:
        """These settings with auth's own read from the environment."""
        if isinstance(settings, cls):
            return settings
        return cls() if settings is None else cls(**settings.model_dump())

    @model_validator(mode="after")
    def _refuse_plain_webhook(self) -> Self:
        url = self.audit_heads_webhook_url
        if url is not None and not is_safe(url.get_secret_value(), plain=self.env is not Environment.PRODUCTION):
            raise ValueError("RINGI_AUDIT_HEADS_WEBHOOK_URL must be an https address")
        return self

    def head_journal(self) -> BucketJournal | None:
        """None where no bucket for heads is configured."""
        if not self.audit_heads_s3_bucket:
            return None
        secret = self.audit_heads_s3_secret_access_key
        store_with = partial(
            s3_store,
            self.audit_heads_s3_bucket,
            prefix=self.audit_heads_s3_prefix,
            endpoint=self.audit_heads_s3_endpoint,
            region=self.audit_heads_s3_region,
            access_key_id=self.audit_heads_s3_access_key_id,
            secret_access_key=None if secret is None else secret.get_secret_value(),
            checksums=True,
        )
        days = self.audit_heads_s3_retention_days
        retention = None if days is None else timedelta(days=days)
        return BucketJournal(lambda headers: store_with(headers=headers), retention)

    @property
    def roles_with_totp(self) -> frozenset[str]:
        return frozenset(role.strip() for role in self.totp_required_roles.split(",") if role.strip())
