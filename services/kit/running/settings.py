"""What a process reads from its environment (prefix ``RINGI_``); every process builds its own instance."""

from enum import StrEnum
from typing import Self
from urllib.parse import unquote, urlsplit

from pydantic import Field, model_validator
from pydantic_settings import SettingsConfigDict

from services.kit.running.keyring import Keyring
from services.kit.running.peers.kafka import KafkaAddress, KafkaSettings
from services.kit.running.peers.otlp import OtlpSettings
from services.kit.running.peers.postgres import PostgresSettings
from services.kit.running.peers.redis import RedisSettings
from services.kit.running.peers.temporal import TemporalSettings
from services.kit.running.secret_files import WithSecretFiles

USUAL_PASSWORDS = frozenset({"postgres", "password", "ringi", "secret", "changeme", "admin", "root", "test"})
LOOPBACK = "127.0.0.1"
ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - Prometheus and the kubelet come from outside of the container


class Environment(StrEnum):
    EMBEDDED = "embedded"
    PRODUCTION = "production"
    TEST = "test"


class MissingSettingError(RuntimeError):
    """A setting that this process needs is not in its environment."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"{variable} is not set")
        self.variable = variable


class KeySettings(WithSecretFiles):
    """Keys, one setting a purpose: a process is given those that it needs and starts without the others."""

    internal_keys: Keyring = Keyring()
    """Sign the tokens with which services call each other."""
    answer_keys: Keyring = Keyring()
    """Seal the answers that are kept for a day for who repeats a request."""
    cursor_keys: Keyring = Keyring()
    """Sign the cursors of lists."""
    signing_keys: Keyring = Keyring()
    """Seal the private keys that sign access tokens and heads of the audit chain."""
    factor_keys: Keyring = Keyring()
    """Seal second factors, recovery codes and the step between password and code."""
    evidence_keys: Keyring = Keyring()
    """Seal the private keys that sign dossiers and samples."""
    mail_keys: Keyring = Keyring()
    """Sign the addresses to unsubscribe at and to bounce to."""
    webhook_keys: Keyring = Keyring()
    """Seal the secrets of webhooks."""

    def require_keys(self, *purposes: str) -> None:
        """What the calling process can't do without, as ``factor``; raises MissingSettingError at its start."""
        for purpose in purposes:
            if not getattr(self, f"{purpose}_keys"):
                raise MissingSettingError(f"RINGI_{purpose.upper()}_KEYS")


class ServiceSettings(KeySettings, PostgresSettings, KafkaSettings, TemporalSettings, RedisSettings, OtlpSettings):
    """Settings of a service, a worker or the gateway. Database URLs carry passwords and stay out of ``repr``, and out
    of what is said of a wrong setting."""

    model_config = SettingsConfigDict(
        env_prefix="RINGI_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    env: Environment = Environment.PRODUCTION
    """``production``, ``embedded`` (all on one machine, for oneself) or ``test``. Production refuses weak secrets."""

    auth_database_url: str | None = Field(default=None, repr=False)
    customer_database_url: str | None = Field(default=None, repr=False)
    sales_activity_database_url: str | None = Field(default=None, repr=False)
    opportunity_database_url: str | None = Field(default=None, repr=False)
    analytics_database_url: str | None = Field(default=None, repr=False)

    auth_url: str | None = None
    customer_url: str | None = None
    sales_activity_url: str | None = None
    opportunity_url: str | None = None
    analytics_url: str | None = None
    gateway_url: str | None = None
    """Where the gateway answers inside of the installation."""
    public_url: str | None = None
    """The origin that people type. Behind TLS: https://crm.your-company.example"""

    token_issuer: str = "ringi-auth"  # noqa: S105 - an issuer's name, not a secret
    """Who access tokens name as their issuer."""
    token_audience: str = "ringi-api"  # noqa: S105
    """Whom access tokens are for."""
    trusted_proxies: str = "127.0.0.0/8,::1"
    """CIDR blocks, separated by commas, whose ``X-Forwarded-For`` is believed."""

    log_level: str = "INFO"
    """DEBUG, INFO, WARNING or ERROR."""
    log_format: str = Field(default="json", pattern="^(json|console)$")
    """``json`` for machines, ``console`` for eyes."""
    trace_sample_ratio: float = Field(default=1.0, ge=0, le=1)
    """Of new traces. Decided by the trace's id, so that all processes with the same value agree."""
    metrics_port: int | None = None
    """Where shell and remotes serve their figures, whose own port the public reaches."""
    worker_metrics_port: int | None = None
    """Port of a worker's /metrics, /healthz and /readyz. None: it has none."""
    temporal_metrics_port: int | None = None
    """Where a worker serves the figures of Temporal's SDK, which has an exporter of its own."""

    @model_validator(mode="after")
    def _refuse_weak_secrets(self) -> Self:
        if self.env is not Environment.PRODUCTION:
            return self
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Keyring) and value.looks_typed:
                raise ValueError(f"RINGI_{name.upper()} looks like a placeholder; generate one: ringi keys generate")
            if name.endswith("_database_url") and value and _has_usual_password(value):
                raise ValueError(f"RINGI_{name.upper()} has a password that anybody would try; choose a random one")
        return self

    @property
    def listening_address(self) -> str:
        """For ports that the operator's own programs ask."""
        return ALL_INTERFACES if self.env is Environment.PRODUCTION else LOOPBACK

    def database_url_for(self, service: str) -> str:
        """The libpq URL of a service's own database, with TLS as it is set; raises MissingSettingError."""
        return self.database_url_with_tls(self._required(f"{service}_database_url"))

    def kafka(self) -> KafkaAddress:
        """How to reach the broker; raises MissingSettingError."""
        return self.kafka_address(self._required("kafka_bootstrap"))

    def service_url_for(self, service: str) -> str:
        """Base URL (no trailing slash) at which other processes reach a service; raises MissingSettingError."""
        return self._required(f"{service}_url").rstrip("/")

    def require(self, field: str) -> str:
        """An optional setting that the calling process can't do without; raises MissingSettingError."""
        return self._required(field)

    def _required(self, field: str) -> str:
        value = getattr(self, field, None)
        if not isinstance(value, str) or not value:
            raise MissingSettingError(f"RINGI_{field.upper()}")
        return value


def _has_usual_password(url: str) -> bool:
    parts = urlsplit(url)
    password = unquote(parts.password or "")
    return bool(password) and (password in USUAL_PASSWORDS or password == unquote(parts.username or ""))
