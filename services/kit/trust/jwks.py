"""Public keys of the issuer, read from its JWKS document (RFC 7517) and cached."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.kit.errors import Unavailable
from services.kit.running.logging import get_logger

REFRESH_SECONDS: Final = 300.0
UNKNOWN_KID_INTERVAL_SECONDS: Final = 10.0
"""Tokens with invented key ids must not turn into load on the issuer."""

Fetch = Callable[[], Awaitable[Mapping[str, Any]]]
_log = get_logger("jwks")


class JwksKeys:
    """A KeySource over any way to fetch the document; keys stay usable while the issuer is away."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._keys: dict[str, Ed25519PublicKey] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        found = self._keys.get(kid)
        due = self._fetched_at is None or time.monotonic() - self._fetched_at > REFRESH_SECONDS
        if found is not None and not due:
            return found
        async with self._lock:
            if self._may_ask(kid):
                await self._refresh()
        if self._fetched_at is None:
            raise Unavailable()
        return self._keys.get(kid)

    def _may_ask(self, kid: str) -> bool:
        now = time.monotonic()
        if self._fetched_at is None:
            # Nothing can be verified yet: ask again at once, but not more than once a second.
            return self._tried_at is None or now - self._tried_at > 1.0
        stale = now - self._fetched_at > REFRESH_SECONDS or kid not in self._keys
        return stale and (self._tried_at is None or now - self._tried_at > UNKNOWN_KID_INTERVAL_SECONDS)

    async def _refresh(self) -> None:
        self._tried_at = time.monotonic()
        try:
            document = await self._fetch()
        except Exception as error:  # the keys that we have stay good; what is missing is answered by the caller
            _log.warning("JWKS not read", error=repr(error))
            return
        self._keys = parse_jwks(document)
        self._fetched_at = time.monotonic()


def parse_jwks(document: Mapping[str, Any]) -> dict[str, Ed25519PublicKey]:
    """Ed25519 signature keys by key id; other kinds are ignored, so that the issuer may add some later."""
    keys: dict[str, Ed25519PublicKey] = {}
    for item in document.get("keys", ()):
        if item.get("kty") == "OKP" and item.get("crv") == "Ed25519" and item.get("use", "sig") == "sig":
            key = jwt.PyJWK(dict(item), algorithm="EdDSA").key
            if isinstance(key, Ed25519PublicKey):
                keys[str(item["kid"])] = key
    return keys
