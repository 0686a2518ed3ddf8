"""Signatures by Standard Webhooks 1.0 (standardwebhooks.com): HMAC-SHA256 of id, time and body.

Six lines of the standard library, as the specification gives them.
"""

import base64
import hashlib
import hmac
import os
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from services.kit.running.keyring import Keyring
from services.kit.trust.crypto import open_sealed, resealed, seal

PREFIX: Final = "whsec_"
SECRET_BYTES: Final = 32
_PURPOSE: Final = "webhook-secret"


def new_secret() -> str:
    return PREFIX + base64.b64encode(os.urandom(SECRET_BYTES)).decode()


def sealed(secret: str, keys: Keyring, endpoint_id: UUID) -> bytes:
    return seal(keys, _PURPOSE, secret.encode(), bound_to=endpoint_id.bytes)


def opened(stored: bytes, keys: Keyring, endpoint_id: UUID) -> str:
    return open_sealed(keys, _PURPOSE, stored, bound_to=endpoint_id.bytes).decode()


def resealed_secret(stored: bytes, keys: Keyring, endpoint_id: UUID) -> bytes | None:
    """Sealed with the newest key; None where it is already."""
    return resealed(keys, _PURPOSE, stored, bound_to=endpoint_id.bytes)


def headers(delivery_id: UUID, at: int, body: bytes, secrets: Iterable[str]) -> Mapping[str, str]:
    """``at``: Unix seconds. A signature for each secret: while one is replaced, the old and the new one hold."""
    signed = f"{delivery_id}.{at}.".encode() + body
    signatures = [
        base64.b64encode(hmac.digest(base64.b64decode(secret.removeprefix(PREFIX)), signed, hashlib.sha256)).decode()
        for secret in secrets
    ]
    return {
        "webhook-id": str(delivery_id),
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
