"""What a process reads from its environment (prefix ``RINGI_``); every process builds its own instance."""

from enum import StrEnum
from typing import Self

from pydantic import Field, SecretStr, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from services.kit.running.peers.kafka import KafkaAddress, KafkaSettings
from services.kit.running.peers.otlp import OtlpSettings
from services.kit.running.peers.postgres import PostgresSettings
from services.kit.running.peers.redis import RedisSettings
from services.kit.running.peers.temporal import TemporalSettings

SECRET_KEY_MIN_LENGTH = 32
SECRET_KEY_MIN_DISTINCT = 10
"""A key of fewer distinct characters was typed by hand or is a placeholder."""
LOOPBACK = "127.0.0.1"
ALL_INTERFACES = "0.0.0.0"  # noqa: S104 - Prometheus and the kubelet come from outside of the container
PLACEHOLDER_WORDS = ("changeme", "change-me", "placeholder", "example", "insecure", "your-secret")


class Environment(StrEnum):
    EMBEDDED = "embedded"
    PRODUCTION = "production"
    TEST = "test"


class MissingSettingError(RuntimeError):
    """A setting that this process needs is not in its environment."""

    def __init__(self, variable: str) -> None:
        super().__init__(f"{variable} is not set")
        self.variable = variable


class ServiceSettings(PostgresSettings, KafkaSettings, TemporalSettings, RedisSettings, OtlpSettings, BaseSettings):
    """Settings of a service, a worker or the gateway. Database URLs carry passwords and stay out of ``repr``, and out
    of what is said of a wrong setting."""

    model_config = SettingsConfigDict(
        env_prefix="RINGI_", env_ignore_empty=True, extra="ignore", frozen=True, hide_input_in_errors=True
    )

    env: Environment = Environment.PRODUCTION

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
    public_url: str | None = None

    secret_key: SecretStr = SecretStr("")
    token_issuer: str = "ringi-auth"  # noqa: S105 - an issuer's name, not a secret
    token_audience: str = "ringi-api"  # noqa: S105
    trusted_proxies: str = "127.0.0.0/8,::1"
    """CIDR blocks, separated by commas, whose ``X-Forwarded-For`` is believed."""

    log_level: str = "INFO"
    log_format: str = Field(default="json", pattern="^(json|console)$")
    trace_sample_ratio: float = Field(default=1.0, ge=0, le=1)
    """Of new traces. Decided by the trace's id, so that all processes with the same value agree."""
    metrics_port: int | None = None
    """Where shell and remotes serve their figures, whose own port the public reaches."""
    worker_metrics_port: int | None = None
    temporal_metrics_port: int | None = None
    """Where a worker serves the figures of Temporal's SDK, which has an exporter of its own."""

    @model_validator(mode="after")
    def _refuse_weak_secret(self) -> Self:
        secret = self.secret_key.get_secret_value()
        if len(secret) < SECRET_KEY_MIN_LENGTH:
            raise ValueError(f"RINGI_SECRET_KEY must have at least {SECRET_KEY_MIN_LENGTH} characters")
        if self.env is Environment.PRODUCTION:
            placeholder = any(word in secret.lower() for word in PLACEHOLDER_WORDS)
            if placeholder or len(set(secret)) < SECRET_KEY_MIN_DISTINCT:
                raise ValueError("RINGI_SECRET_KEY looks like a placeholder; generate a random one")
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
