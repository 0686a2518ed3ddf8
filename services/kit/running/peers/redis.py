"""TLS and sign-in towards Redis: in the URL, where ``rediss://`` and a name and password stand anyway. The shell, which
keeps sessions in Redis, reads the same settings (``frontend.ui.redis_url``)."""

from typing import Self

from pydantic import BaseModel, Field, FilePath, model_validator

from services.kit.running.peers.certificates import check_pair, has_files
from services.kit.running.peers.urls import with_parameters

TLS_SCHEME = "rediss://"


class RedisSettings(BaseModel):
    redis_url: str | None = Field(default=None, repr=False)
    """``rediss://name:$PASSWORD@host:port/0`` with TLS, ``redis://`` without."""
    redis_ca_file: FilePath | None = None
    """Certificates that are trusted in the place of the system's."""
    redis_cert_file: FilePath | None = None
    redis_key_file: FilePath | None = None

    @model_validator(mode="after")
    def _refuse_half_of_redis_tls(self) -> Self:
        check_pair(self, "redis")
        if has_files(self, "redis") and not (self.redis_url or "").startswith(TLS_SCHEME):
            raise ValueError(f"Redis's certificates need a RINGI_REDIS_URL that begins with {TLS_SCHEME}")
        return self

    @property
    def redis_address(self) -> str | None:
        """The URL with the certificates, as redis-py reads them; None without Redis."""
        if self.redis_url is None:
            return None
        return with_parameters(
            self.redis_url,
            {
                "ssl_ca_certs": self.redis_ca_file,
                "ssl_certfile": self.redis_cert_file,
                "ssl_keyfile": self.redis_key_file,
            },
        )
