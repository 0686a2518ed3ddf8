"""TLS towards PostgreSQL: one setting for the databases of all services, as parameters of libpq in each URL."""

from enum import StrEnum
from typing import Self

from pydantic import BaseModel, FilePath, model_validator

from services.kit.running.peers.certificates import check_pair, has_files
from services.kit.running.peers.urls import with_parameters


class SslMode(StrEnum):
    """libpq's; the modes between these are open to whoever stands in the middle."""

    DISABLE = "disable"
    PREFER = "prefer"
    REQUIRE = "require"
    VERIFY_CA = "verify-ca"
    VERIFY_FULL = "verify-full"


class PostgresSettings(BaseModel):
    database_sslmode: SslMode | None = None
    """None: verify-full with any of the files below, else what the URL or libpq says (``prefer``)."""
    database_ca_file: FilePath | None = None
    """Who signs the server's certificate. libpq does not ask the system whom it trusts."""
    database_cert_file: FilePath | None = None
    database_key_file: FilePath | None = None
    """Readable by its owner alone: libpq refuses it otherwise."""

    @model_validator(mode="after")
    def _refuse_half_of_postgres_tls(self) -> Self:
        check_pair(self, "database")
        mode = self.database_sslmode
        if mode is SslMode.DISABLE and has_files(self, "database"):
            raise ValueError("RINGI_DATABASE_SSLMODE=disable contradicts the certificates that are set beside it")
        if mode in (SslMode.VERIFY_CA, SslMode.VERIFY_FULL) and self.database_ca_file is None:
            raise ValueError(f"RINGI_DATABASE_SSLMODE={mode} needs RINGI_DATABASE_CA_FILE")
        if mode is None and self.database_cert_file is not None and self.database_ca_file is None:
            raise ValueError("RINGI_DATABASE_CERT_FILE needs RINGI_DATABASE_CA_FILE, or another RINGI_DATABASE_SSLMODE")
        return self

    def database_url_with_tls(self, url: str) -> str:
        """What the URL says itself counts more."""
        mode = self.database_sslmode
        if mode is None and has_files(self, "database"):
            mode = SslMode.VERIFY_FULL
        return with_parameters(
            url,
            {
                "sslmode": mode,
                "sslrootcert": self.database_ca_file,
                "sslcert": self.database_cert_file,
                "sslkey": self.database_key_file,
            },
        )
