"""The keys that payloads at Temporal are encrypted with: AES-256-GCM, a key's id beside each payload."""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

KEY_BYTES: Final = 32
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,64}")


@dataclass(frozen=True, slots=True)
class PayloadKeys:
    """``newest`` encrypts; None: nothing is encrypted, and what is encrypted can be read."""

    newest: str | None
    ciphers: Mapping[str, AESGCM] = field(repr=False)

    @classmethod
    def parse(cls, text: str, *, encrypting: bool = True) -> Self:
        """``id:key`` separated by commas, the newest first. Raises ValueError, which tells no key."""
        ciphers: dict[str, AESGCM] = {}
        for entry in filter(None, (part.strip() for part in text.split(","))):
            key_id, _, encoded = entry.partition(":")
            if _ID.fullmatch(key_id) is None:
                raise ValueError(
                    "RINGI_TEMPORAL_PAYLOAD_KEYS is not of the form id:key,id:key, with ids of A-Z a-z 0-9 . _ -"
                )
            if key_id in ciphers:
                raise ValueError(f"RINGI_TEMPORAL_PAYLOAD_KEYS names the key {key_id} twice")
            ciphers[key_id] = AESGCM(_key(key_id, encoded))
        if not ciphers:
            raise ValueError("RINGI_TEMPORAL_PAYLOAD_KEYS names no key")
        return cls(next(iter(ciphers)) if encrypting else None, ciphers)


def _key(key_id: str, encoded: str) -> bytes:
    try:
        key = base64.b64decode(encoded.replace("-", "+").replace("_", "/"), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) != KEY_BYTES:
        raise ValueError(f"RINGI_TEMPORAL_PAYLOAD_KEYS: the key {key_id} is not {KEY_BYTES} bytes in Base64") from None
    return key
