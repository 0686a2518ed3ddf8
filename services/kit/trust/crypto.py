"""What is sealed and signed with keys of a purpose: derived keys (HKDF, RFC 5869), sealed values (AES-256-GCM, NIST SP
800-38D), tags (HMAC-SHA256).

A purpose's keys serve several uses, each named by a text: a value that was made for one is good for no other, even
where two purposes were given the same key.
"""

import hashlib
import hmac
import os
from functools import lru_cache
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.kit.running.keyring import Keyring

KEY_BYTES: Final = 32
NONCE_BYTES: Final = 12
"""96 random bits: NIST's recommendation, safe for 2^32 values a key."""


class SealBrokenError(ValueError):
    """The value was changed, or sealed with another key or for another use."""


class NoKeyError(LookupError):
    """This process was given no key of that purpose."""


@lru_cache(maxsize=64)
def derived(keys: Keyring, use: str) -> tuple[bytes, ...]:
    """A 32-byte key of each, the newest first; raises NoKeyError."""
    if not keys:
        raise NoKeyError(f"no key for {use}")
    return tuple(
        HKDF(algorithm=SHA256(), length=KEY_BYTES, salt=None, info=f"ringi/{use}".encode()).derive(
            key.get_secret_value().encode()
        )
        for key in keys
    )


def seal(keys: Keyring, use: str, plain: bytes, *, bound_to: bytes = b"") -> bytes:
    """Nonce and ciphertext by the newest key; opens only for the same use and the same ``bound_to`` (the record it
    belongs to)."""
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(derived(keys, use)[0]).encrypt(nonce, plain, bound_to)


def open_sealed(keys: Keyring, use: str, sealed: bytes, *, bound_to: bytes = b"") -> bytes:
    """The inverse of seal, by whichever key it was; raises SealBrokenError."""
    for key in derived(keys, use):
        try:
            return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
        except (InvalidTag, ValueError):
            continue
    raise SealBrokenError("sealed value does not open")


def resealed(keys: Keyring, use: str, sealed: bytes, *, bound_to: bytes = b"") -> bytes | None:
    """The value sealed with the newest key; None where it is already. Raises SealBrokenError."""
    newest = derived(keys, use)[0]
    try:
        AESGCM(newest).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], bound_to)
    except InvalidTag:
        return seal(keys, use, open_sealed(keys, use, sealed, bound_to=bound_to), bound_to=bound_to)
    return None


def tag(keys: Keyring, use: str, content: bytes) -> bytes:
    """HMAC-SHA256 by the newest key."""
    return hmac.digest(derived(keys, use)[0], content, hashlib.sha256)


def tags(keys: Keyring, use: str, content: bytes) -> list[bytes]:
    """By each key, the newest first: to find what was made with any of them."""
    return [hmac.digest(key, content, hashlib.sha256) for key in derived(keys, use)]


def is_tag(keys: Keyring, use: str, content: bytes, given: bytes, *, size: int) -> bool:
    """Whether one of the keys made this tag, of which the first ``size`` bytes were given out."""
    return any(hmac.compare_digest(given, made[:size]) for made in tags(keys, use, content))
