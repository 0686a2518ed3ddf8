"""Keys of one purpose, several of them while they are replaced, and sealing of small records with them."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import GetCoreSchemaHandler, SecretStr
from pydantic_core import CoreSchema, core_schema

NONCE_BYTES = 12
KEY_BYTES = 32
KEY_MIN_LENGTH = 32
KEY_MIN_DISTINCT = 10
PLACEHOLDER_WORDS = ("changeme", "change-me", "placeholder", "example", "insecure", "your-secret")


class Keyring:
    """What a setting holds: keys apart by commas or white space, of which the first seals and each opens."""

    def __init__(self, text: str) -> None:
        """Raises ValueError without a key, and for one that is too short."""
        keys = text.replace(",", " ").split()
        if not keys or any(len(key) < KEY_MIN_LENGTH for key in keys):
            raise ValueError(f"each key must have at least {KEY_MIN_LENGTH} characters")
        self._keys = tuple(SecretStr(key) for key in keys)

    def derived(self, use: str) -> tuple[bytes, ...]:
        """A 256-bit key of each for one use (HKDF-SHA256, RFC 5869), the newest first."""
        info = f"ringi/frontend/{use}".encode()
        return tuple(
            HKDF(SHA256(), KEY_BYTES, salt=None, info=info).derive(key.get_secret_value().encode())
            for key in self._keys
        )

    @property
    def looks_typed(self) -> bool:
        """Whether one of them is no random value: never good enough for production."""
        plain = [key.get_secret_value() for key in self._keys]
        return any(
            len(set(key)) < KEY_MIN_DISTINCT or any(word in key.lower() for word in PLACEHOLDER_WORDS) for key in plain
        )

    @classmethod
    def __get_pydantic_core_schema__(cls, _source: Any, _handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            lambda value: value if isinstance(value, cls) else cls(str(value))
        )


def seal(keys: Sequence[bytes], plain: bytes, *, bound_to: bytes) -> bytes:
    """Encrypt with AES-256-GCM by the newest key; the result opens only together with the same `bound_to`."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(keys[0]).encrypt(nonce, plain, bound_to)


def unseal(keys: Sequence[bytes], sealed: bytes, *, bound_to: bytes) -> bytes | None:
    """The plain text, or None when the record was altered, moved, or sealed with none of these keys."""
    for key in keys:
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except InvalidTag:
            continue
    return None
