"""TLS and sign-in towards Temporal, Temporal Cloud included, and the keys of its payloads."""

from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, FilePath, SecretStr, model_validator
from temporalio.service import TLSConfig

from services.kit.running.payload_keys import PayloadKeys
from services.kit.running.peers.certificates import check_pair


class TemporalSettings(BaseModel):
    temporal_address: str | None = None
    temporal_namespace: str = "default"
    temporal_ui_url: str | None = None
    temporal_tls: bool | None = None
    """None: with TLS where a certificate or an API key is set."""
    temporal_ca_file: FilePath | None = None
    """Certificates that are trusted in the place of the system's."""
    temporal_server_name: str | None = None
    """The name in the server's certificate, where it is not the address's."""
    temporal_cert_file: FilePath | None = None
    temporal_key_file: FilePath | None = None
    temporal_api_key: SecretStr | None = None
    temporal_api_key_file: FilePath | None = None
    """Read anew while the process runs, so that a key is exchanged without a restart."""
    temporal_payload_keys: SecretStr | None = None
    """``id:key``, several separated by commas; a key is 32 bytes in Base64. The first encrypts, all decrypt. None:
    payloads are not encrypted."""
    temporal_encrypt_payloads: bool = True
    """False: the keys decrypt only, for the time in which some processes do not have them yet."""

    @model_validator(mode="after")
    def _refuse_half_of_temporal_security(self) -> Self:
        check_pair(self, "temporal")
        if self.temporal_tls is False and (self._asks_for_tls or self.temporal_server_name is not None):
            what = "an API key" if self._has_api_key else "certificates or a server's name"
            raise ValueError(f"RINGI_TEMPORAL_TLS=false contradicts {what}: these need TLS")
        if self.temporal_server_name is not None and not self._uses_tls:
            raise ValueError("RINGI_TEMPORAL_SERVER_NAME needs RINGI_TEMPORAL_TLS=true")
        self.payload_keys()
        return self

    @property
    def _has_api_key(self) -> bool:
        return self.temporal_api_key is not None or self.temporal_api_key_file is not None

    @property
    def _asks_for_tls(self) -> bool:
        return self._has_api_key or self.temporal_ca_file is not None or self.temporal_cert_file is not None

    @property
    def _uses_tls(self) -> bool:
        return self._asks_for_tls if self.temporal_tls is None else self.temporal_tls

    def payload_keys(self) -> PayloadKeys | None:
        """None: payloads are as readable as they come."""
        if self.temporal_payload_keys is None:
            return None
        return PayloadKeys.parse(
            self.temporal_payload_keys.get_secret_value(), encrypting=self.temporal_encrypt_payloads
        )

    def present_api_key(self) -> str | None:
        """As it is now, the file's where there is one. Raises OSError if that can't be read."""
        if self.temporal_api_key_file is not None:
            return self.temporal_api_key_file.read_text(encoding="utf-8").strip()
        return None if self.temporal_api_key is None else self.temporal_api_key.get_secret_value()

    def temporal_security(self) -> dict[str, Any]:
        """What a client takes beside address and namespace. Raises OSError for a file that can't be read."""
        if not self._uses_tls:
            return {"tls": False}
        tls = TLSConfig(
            server_root_ca_cert=_read(self.temporal_ca_file),
            domain=self.temporal_server_name,
            client_cert=_read(self.temporal_cert_file),
            client_private_key=_read(self.temporal_key_file),
        )
        return {"tls": tls, "api_key": self.present_api_key()}


def _read(path: Path | None) -> bytes | None:
    return None if path is None else path.read_bytes()
