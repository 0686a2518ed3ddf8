"""Settings of the shell and of every remote, read from the environment (prefix `RINGI_`)."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from frontend.ui.keys import Keyring
from frontend.ui.redis_url import RedisSettings

REMOTE_NAMES = ("opportunity", "customer", "sales", "analytics", "admin")
SECRETS = ("session_keys", "identity_keys", "redis_url")
"""What may stand in a file that `RINGI_…_FILE` names."""
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class FrontendSettings(RedisSettings, BaseSettings):
    """What a frontend process must know. A remote without a URL is at the gateway's origin, `/_remote/{name}`."""

    model_config = SettingsConfigDict(
        env_prefix="RINGI_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    env: Literal["embedded", "production", "test"] = "production"
    gateway_url: str
    public_url: str = "http://127.0.0.1:8000"
    session_keys: Keyring | None = None
    """Seal the sessions that the shell keeps; no remote has them."""
    identity_keys: Keyring
    """Sign the notes with which the shell tells a remote who asks."""
    home: Path = Path(".ringi")
    """The state folder: the shell keeps sessions below it where there is no Redis."""
    trusted_proxies: str = "127.0.0.0/8,::1"
    """CIDR blocks, separated by commas, whose `X-Forwarded-For` is believed; one setting for all processes."""
    live_streams_per_user: int = Field(default=30, ge=1)
    """Live streams of one person at once, over all browsers; one more is refused with 429."""
    temporal_ui_url: str | None = None
    """Whose pages may have payloads decoded in the name of who is signed in here."""
    cookie_secure: Literal["auto", "always", "never"] = "auto"
    """``auto``: cookies are ``Secure`` where the public URL is https or on this machine."""
    remote_customer_url: str | None = None
    """None: at the gateway's origin, as in the embedded run."""
    remote_sales_url: str | None = None
    """None: likewise."""
    remote_opportunity_url: str | None = None
    """None: likewise."""
    remote_analytics_url: str | None = None
    """None: likewise."""
    remote_admin_url: str | None = None
    """None: likewise."""
    write_timeout_seconds: float = Field(default=15.0, gt=0)
    """For the gateway's answer to a change."""
    read_timeout_seconds: float = Field(default=5.0, gt=0)
    """For the gateway's answer to a question."""

    @model_validator(mode="before")
    @classmethod
    def _read_secret_files(cls, given: Any) -> Any:
        for name in SECRETS:
            variable = f"RINGI_{name.upper()}"
            path = os.environ.get(f"{variable}_FILE")
            if not path:
                continue
            if os.environ.get(variable):
                raise ValueError(f"{variable} and {variable}_FILE are both set; keep one")
            try:
                given.setdefault(name, Path(path).read_text().strip())
            except OSError as error:
                raise ValueError(f"{variable}_FILE can't be read: {error.strerror}") from error
        return given

    @model_validator(mode="after")
    def _refuse_weak_keys(self) -> FrontendSettings:
        if self.env == "production":
            for name in ("session_keys", "identity_keys"):
                keys = getattr(self, name)
                if keys is not None and keys.looks_typed:
                    raise ValueError(f"RINGI_{name.upper()} looks like a placeholder; generate one")
        return self

    def remote_url(self, name: str) -> str:
        """Base URL of a remote, without a trailing slash."""
        configured: str | None = getattr(self, f"remote_{name}_url")
        return (configured or f"{self.gateway_url.rstrip('/')}/_remote/{name}").rstrip("/")

    @property
    def secure_cookies(self) -> bool:
        """Whether cookies carry `Secure` and the `__Host-` prefix.

        Chromium and Firefox take `Secure` cookies from plain http on a loopback address; Safari doesn't, hence
        `RINGI_COOKIE_SECURE=never` for that one case.
        """
        if self.cookie_secure != "auto":
            return self.cookie_secure == "always"
        parts = urlsplit(self.public_url)
        return parts.scheme == "https" or parts.hostname in LOOPBACK_HOSTS
