"""TLS and sign-in towards the collector of traces."""

from typing import Any, Self
from urllib.parse import unquote

from pydantic import BaseModel, FilePath, SecretStr, model_validator

from services.kit.running.peers.certificates import check_pair, has_files


class OtlpSettings(BaseModel):
    otlp_endpoint: str | None = None
    """The collector's base URL for OTLP over HTTP; ``/v1/traces`` is added."""
    otlp_headers: SecretStr | None = None
    """``name=value``, several separated by commas, values percent-encoded: as in OTEL_EXPORTER_OTLP_HEADERS."""
    otlp_ca_file: FilePath | None = None
    """Certificates that are trusted in the place of those that come with Python's requests."""
    otlp_cert_file: FilePath | None = None
    otlp_key_file: FilePath | None = None

    @model_validator(mode="after")
    def _refuse_half_of_otlp_security(self) -> Self:
        check_pair(self, "otlp")
        if has_files(self, "otlp") and not (self.otlp_endpoint or "").startswith("https://"):
            raise ValueError("The collector's certificates need a RINGI_OTLP_ENDPOINT that begins with https://")
        self._headers()
        return self

    def otlp_exporter_options(self) -> dict[str, Any]:
        """What the exporter takes beside its endpoint."""
        from services.kit.running.peers.otlp_session import OtlpSession

        files = {
            "certificate_file": self.otlp_ca_file,
            "client_certificate_file": self.otlp_cert_file,
            "client_key_file": self.otlp_key_file,
        }
        return {name: str(path) for name, path in files.items() if path is not None} | {
            "headers": self._headers(),
            "session": OtlpSession(),
        }

    def _headers(self) -> dict[str, str]:
        given = "" if self.otlp_headers is None else self.otlp_headers.get_secret_value()
        headers = {}
        for pair in filter(None, (part.strip() for part in given.split(","))):
            name, separator, value = pair.partition("=")
            if not separator or not name.strip():
                raise ValueError("RINGI_OTLP_HEADERS is not of the form name=value,name=value")
            headers[name.strip().lower()] = unquote(value.strip())
        return headers
