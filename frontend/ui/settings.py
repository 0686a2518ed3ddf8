"""Settings of the shell and of every remote, read from the environment (prefix `RINGI_`)."""

from __future__ import annotations

from pathlib import Path
from typing import Literal
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from frontend.ui.redis_url import RedisSettings

MIN_SECRET_LENGTH = 32
REMOTE_NAMES = ("opportunity", "customer", "sales", "analytics", "admin")
LOOPBACK_HOSTS = frozenset({"localhost", "127.0.0.1", "::1"})


class FrontendSettings(RedisSettings, BaseSettings):
    """What a frontend process must know. A remote without a URL is at the gateway's origin, `/_remote/{name}`."""

    model_config = SettingsConfigDict(
        env_prefix="RINGI_", env_ignore_empty=True, extra="ignore", hide_input_in_errors=True
    )

    env: Literal["embedded", "production", "test"] = "production"
    gateway_url: str
    public_url: str = "http://127.0.0.1:8000"
    secret_key: SecretStr
    home: Path = Path(".ringi")
    trusted_proxies: str = "127.0.0.0/8,::1"
    """CIDR blocks, separated by commas, whose `X-Forwarded-For` is believed; one setting for all processes."""
    live_streams_per_user: int = Field(default=30, ge=1)
    """Live streams of one person at once, over all browsers; one more is refused with 429."""
    temporal_ui_url: str | None = None
    """Whose pages may have payloads decoded in the name of who is signed in here."""
    cookie_secure: Literal["auto", "always", "never"] = "auto"
    remote_customer_url: str | None = None
    remote_sales_url: str | None = None
    remote_opportunity_url: str | None = None
    remote_analytics_url: str | None = None
    remote_admin_url: str | None = None
    write_timeout_seconds: float = Field(default=15.0, gt=0)
    read_timeout_seconds: float = Field(default=5.0, gt=0)

    @model_validator(mode="after")
    def _secret_is_strong(self) -> FrontendSettings:
        if len(self.secret_key.get_secret_value()) < MIN_SECRET_LENGTH:
            raise ValueError(f"RINGI_SECRET_KEY needs at least {MIN_SECRET_LENGTH} characters")
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
