"""How a dossier is put together, signed and fingerprinted: pure functions, the same for who makes and who verifies.

What is hashed and signed is always the canonical form (``chain.canonical``): a dossier may be reformatted, not changed.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.opportunity.chain import canonical
from services.opportunity.schemas.dossier import ALGORITHM, SCHEMA, SCHEMA_VERSION

Json = dict[str, Any]

DIGEST_LEVELS: Final = 6
"""So deep values have digests of their own, ``/record/history/0/personal/snapshot/amount``; what lies deeper has the
one of what it lies in."""
DIGEST_CHARACTERS: Final = 32
GROUP: Final = 4


@dataclass(frozen=True, slots=True)
class Signer:
    """The key that signs now."""

    key_id: str
    private: Ed25519PrivateKey

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes_raw()


def fingerprint(public_key: bytes) -> str:
    return hashlib.sha256(public_key).hexdigest()


def in_groups(digest: str) -> str:
    """A fingerprint as people compare it: ``3F2A 9C01 …``."""
    return " ".join(digest[at : at + GROUP].upper() for at in range(0, len(digest), GROUP))


def plain_fingerprint(text: str) -> str:
    """The inverse: without blanks and colons, in lower case. Raises ValueError for what is no SHA-256."""
    plain = "".join(text.split()).replace(":", "").lower()
    if len(bytes.fromhex(plain)) != hashlib.sha256().digest_size:
        raise ValueError("a fingerprint has 64 hexadecimal digits")
    return plain


def jwk(key_id: str, public_key: bytes) -> Json:
    """RFC 8037, with the fingerprint."""
    x = base64.urlsafe_b64encode(public_key).rstrip(b"=").decode()
    return {"kty": "OKP", "crv": "Ed25519", "use": "sig", "alg": "EdDSA", "kid": key_id, "x": x} | {
        "fingerprint": fingerprint(public_key)
    }


def public_bytes(x: str) -> bytes:
    """The ``x`` of a JWK. Raises ValueError."""
    return base64.urlsafe_b64decode(x + "=" * (-len(x) % 4))


def sha256(value: object) -> str:
    return hashlib.sha256(canonical(value)).hexdigest()


def values(value: object, pointer: str = "", levels: int = DIGEST_LEVELS) -> Iterator[tuple[str, object]]:
    """What has a digest of its own, with its JSON pointer (RFC 6901)."""
    if levels and isinstance(value, Mapping) and value:
        for name, member in value.items():
            escaped = str(name).replace("~", "~0").replace("/", "~1")
            yield from values(member, f"{pointer}/{escaped}", levels - 1)
    elif levels and isinstance(value, list) and value:
        for position, item in enumerate(value):
            yield from values(item, f"{pointer}/{position}", levels - 1)
    else:
        yield pointer, value


def digests(document: Mapping[str, Any]) -> dict[str, str]:
    """Of everything but the digests themselves and the signature's value."""
    covered = {name: value for name, value in _unsigned(document).items() if name != "digests"}
    return {pointer: sha256(value)[:DIGEST_CHARACTERS] for pointer, value in values(covered)}


def payload(document: Mapping[str, Any]) -> bytes:
    """What the signature covers. Schema and version precede it: a signature under one kind is none of another."""
    signed_as = f"{document.get('schema')}/{document.get('version')}\n"
    return signed_as.encode() + canonical(_unsigned(document))


def _unsigned(document: Mapping[str, Any]) -> Json:
    signature = document.get("signature")
    if not isinstance(signature, Mapping):
        return dict(document)
    return {**document, "signature": {name: value for name, value in signature.items() if name != "value"}}


def sign(record: Json, made: Json, signer: Signer, *, schema: str = SCHEMA, version: int | None = None) -> Json:
    """The whole dossier, or with ``schema`` and ``version`` another document of this form. ``record`` and ``made`` hold
    JSON values only."""
    document: Json = {
        "schema": schema,
        "version": SCHEMA_VERSION if version is None else version,
        "record": record,
        "recordSha256": sha256(record),
        "made": made,
        "signature": {
            "algorithm": ALGORITHM,
            "keyId": signer.key_id,
            "publicKey": signer.public.hex(),
            "fingerprint": fingerprint(signer.public),
        },
    }
    document["digests"] = digests(document)
    document["signature"]["value"] = signer.private.sign(payload(document)).hex()
    return document
