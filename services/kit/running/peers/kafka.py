"""TLS and SASL towards Kafka, for producers, consumers and administration alike."""

import ssl
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, FilePath, SecretStr, model_validator

from services.kit.running.peers.certificates import check_pair, client_context, has_files


class SecurityProtocol(StrEnum):
    """Kafka's own, without SASL_PLAINTEXT: it would send a password, or what is as good, for all to read."""

    PLAINTEXT = "PLAINTEXT"
    SSL = "SSL"
    SASL_SSL = "SASL_SSL"


class SaslMechanism(StrEnum):
    PLAIN = "PLAIN"
    SCRAM_SHA_256 = "SCRAM-SHA-256"
    SCRAM_SHA_512 = "SCRAM-SHA-512"


@dataclass(frozen=True, slots=True)
class KafkaAddress:
    """Where a cluster is, and how it is spoken to."""

    servers: str
    protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512
    username: str | None = None
    password: SecretStr | None = field(default=None, repr=False)
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None

    def client_options(self) -> dict[str, Any]:
        """What every client of aiokafka takes. Reads certificates anew, so that the next session has renewed ones."""
        options: dict[str, Any] = {"bootstrap_servers": self.servers}
        if self.protocol is SecurityProtocol.PLAINTEXT:
            return options
        options |= {"security_protocol": self.protocol.value, "ssl_context": self._context()}
        if self.protocol is SecurityProtocol.SASL_SSL:
            assert self.username is not None
            assert self.password is not None
            options |= {
                "sasl_mechanism": self.mechanism.value,
                "sasl_plain_username": self.username,
                "sasl_plain_password": self.password.get_secret_value(),
            }
        return options

    def _context(self) -> ssl.SSLContext:
        return client_context(self.ca_file, self.cert_file, self.key_file)


Bootstrap = KafkaAddress | str
"""A bare address is one that asks for nothing, as the embedded broker's."""


def client_options(bootstrap: Bootstrap) -> dict[str, Any]:
    return (KafkaAddress(bootstrap) if isinstance(bootstrap, str) else bootstrap).client_options()


class KafkaSettings(BaseModel):
    kafka_bootstrap: str | None = None
    """``host:port``, several separated by commas."""
    kafka_security_protocol: SecurityProtocol = SecurityProtocol.PLAINTEXT
    kafka_sasl_mechanism: SaslMechanism = SaslMechanism.SCRAM_SHA_512
    kafka_username: str | None = None
    kafka_password: SecretStr | None = None
    kafka_ca_file: FilePath | None = None
    """Certificates that are trusted in the place of the system's."""
    kafka_cert_file: FilePath | None = None
    kafka_key_file: FilePath | None = None

    @model_validator(mode="after")
    def _refuse_half_of_kafka_security(self) -> Self:
        check_pair(self, "kafka")
        protocol = self.kafka_security_protocol
        signs_in = self.kafka_username is not None or self.kafka_password is not None
        if protocol is SecurityProtocol.SASL_SSL:
            if not self.kafka_username or self.kafka_password is None:
                raise ValueError(
                    "RINGI_KAFKA_SECURITY_PROTOCOL=SASL_SSL needs RINGI_KAFKA_USERNAME and RINGI_KAFKA_PASSWORD"
                )
        elif signs_in:
            raise ValueError("Kafka's user name and password need RINGI_KAFKA_SECURITY_PROTOCOL=SASL_SSL")
        if protocol is SecurityProtocol.PLAINTEXT and has_files(self, "kafka"):
            raise ValueError("Kafka's certificates need RINGI_KAFKA_SECURITY_PROTOCOL=SSL or SASL_SSL")
        return self

    def kafka_address(self, servers: str) -> KafkaAddress:
        return KafkaAddress(
            servers,
            protocol=self.kafka_security_protocol,
            mechanism=self.kafka_sasl_mechanism,
            username=self.kafka_username,
            password=self.kafka_password,
            ca_file=self.kafka_ca_file,
            cert_file=self.kafka_cert_file,
            key_file=self.kafka_key_file,
        )
