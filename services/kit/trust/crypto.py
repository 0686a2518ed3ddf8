"""Keys derived from the one secret (HKDF, RFC 5869) and sealed values (AES-256-GCM, NIST SP 800-38D)."""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

KEY_BYTES = 32
NONCE_BYTES = 12
"""96 random bits: NIST's recommendation, safe for 2^32 values a key."""


class SealBrokenError(ValueError):
    """The value was changed, or sealed with another key or for another purpose."""


def derive(secret: SecretStr, purpose: str) -> bytes:
    """A 32-byte key for one purpose; other purposes' keys tell nothing about it."""
    return HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"ringi/{purpose}".encode()).derive(
        secret.get_secret_value().encode()
    )


def seal(key: bytes, plain: bytes, *, bound_to: bytes = b"") -> bytes:
    """Nonce and ciphertext; opens only with the same key and the same ``bound_to`` (the record it belongs to)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, bound_to)


def open_sealed(key: bytes, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
    """The inverse of seal; raises SealBrokenError."""
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except (InvalidTag, ValueError) as error:
        raise SealBrokenError("sealed value does not open") from error
