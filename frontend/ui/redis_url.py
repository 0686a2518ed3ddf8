"""How the shell reaches Redis: the services' settings for it (`services.kit.running.peers.redis`), read by the same
rule."""

from __future__ import annotations

from typing import Self
from urllib.parse import parse_qsl, quote, urlsplit

from pydantic import BaseModel, Field, FilePath, model_validator

TLS_SCHEME = "rediss://"


class RedisSettings(BaseModel):
    """Without a URL sessions are kept in a file."""

    redis_url: str | None = Field(default=None, repr=False)
    redis_ca_file: FilePath | None = None
    redis_cert_file: FilePath | None = None
    redis_key_file: FilePath | None = None

    @model_validator(mode="after")
    def _refuse_half_of_redis_tls(self) -> Self:
        if (self.redis_cert_file is None) != (self.redis_key_file is None):
            raise ValueError("RINGI_REDIS_CERT_FILE and RINGI_REDIS_KEY_FILE need each other")
        if any(self._files.values()) and not (self.redis_url or "").startswith(TLS_SCHEME):
            raise ValueError(f"Redis's certificates need a RINGI_REDIS_URL that begins with {TLS_SCHEME}")
        return self

    @property
    def _files(self) -> dict[str, FilePath | None]:
        """By the parameters that redis-py knows them by."""
        return {
            "ssl_ca_certs": self.redis_ca_file,
            "ssl_certfile": self.redis_cert_file,
            "ssl_keyfile": self.redis_key_file,
        }

    @property
    def redis_address(self) -> str | None:
        """The URL with the certificates; what it says itself counts more."""
        if not self.redis_url:
            return None
        query = urlsplit(self.redis_url).query
        own = dict(parse_qsl(query, keep_blank_values=True))
        added = [f"{name}={quote(str(path))}" for name, path in self._files.items() if path and name not in own]
        return self.redis_url + ("&" if query else "?") + "&".join(added) if added else self.redis_url
