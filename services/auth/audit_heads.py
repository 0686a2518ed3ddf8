"""The store of signed heads: a file outside of the database, to which the sealer only appends.

Each line is a token (JWS). A head says how long the chain was and what it ended with; an introduction precedes the
heads of a key and holds its public part, signed by the key before (the first one by itself). So the file can be
verified without the database, and the database's own list of keys, which must name the same ones, shows a swapped key.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.kit.trust.tokens import ALGORITHM

HEAD_TYPE: Final = "audit-head+jwt"
KEY_TYPE: Final = "audit-key+jwt"
TAIL_BYTES: Final = 4096
"""More than any line has."""


@dataclass(frozen=True, slots=True)
class Head:
    """Line ``line`` says that the chain had ``position`` links, the last one with this hash."""

    line: int
    position: int
    hash: str
    signed_at: int


@dataclass(frozen=True, slots=True)
class Broken:
    """Line ``line`` is no word of ours."""

    line: int
    problem: str


def introduction(kid: str, key: Ed25519PublicKey, signer_kid: str, signer: Ed25519PrivateKey) -> str:
    """A new key, as told by the one before it."""
    claims = {"kid": kid, "x": key.public_bytes_raw().hex()}
    return jwt.encode(claims, signer, ALGORITHM, headers={"typ": KEY_TYPE, "kid": signer_kid})


def append(path: Path, line: str) -> None:
    with path.open("a", encoding="ascii") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


def last_line(path: Path) -> str | None:
    """The newest whole line, from the file's tail; what a crash left after it is cut off, and was never counted on."""
    if not path.exists():
        return None
    with path.open("r+b") as file:
        size = file.seek(0, os.SEEK_END)
        start = max(0, size - TAIL_BYTES)
        file.seek(start)
        tail = file.read()
        whole = tail.rpartition(b"\n")[0]
        if tail and not tail.endswith(b"\n"):
            file.truncate(start + len(whole) + (1 if b"\n" in tail else 0))
    line = whole.rpartition(b"\n")[2].decode("ascii", "replace")
    return line or None


def key_of(line: str) -> str | None:
    """The id of the key that is known after this line: the one that signed a head, or that was introduced."""
    try:
        header = jwt.get_unverified_header(line)
        if header.get("typ") == KEY_TYPE:
            return str(jwt.decode(line, options={"verify_signature": False})["kid"])
    except (jwt.InvalidTokenError, KeyError):
        return None
    return str(header.get("kid"))


def read(path: Path, known: Mapping[str, Ed25519PublicKey]) -> Iterator[Head | Broken]:
    """All heads in order, one line in memory at a time; ``known``: the keys that the database names."""
    introduced: dict[str, Ed25519PublicKey] = {}
    with path.open(encoding="ascii", errors="replace") as file:
        for number, line in enumerate(file, start=1):
            try:
                found = _verified(line.strip(), introduced, known)
            except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
                yield Broken(number, str(error) or type(error).__name__)
                continue
            if found is not None:
                yield Head(number, int(found["position"]), str(found["hash"]), int(found["iat"]))


def _verified(
    line: str, introduced: dict[str, Ed25519PublicKey], known: Mapping[str, Ed25519PublicKey]
) -> dict[str, Any] | None:
    """The claims of a head; None for an introduction, which then counts. Raises for what is not signed as it should."""
    header = jwt.get_unverified_header(line)
    kid, kind = str(header.get("kid")), header.get("typ")
    if kind == KEY_TYPE:
        told = jwt.decode(line, options={"verify_signature": False})
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(told["x"]))
        if told["kid"] not in known or known[told["kid"]] != key:
            raise jwt.InvalidTokenError(f"key {told['kid']} is not the one that the database names")
        if kid == told["kid"] and introduced:
            raise jwt.InvalidTokenError(f"key {kid} introduces itself among others")
        # The database vouches for the first key of a file, and for the signer where a file began later.
        signer = key if kid == told["kid"] else introduced.get(kid, known.get(kid))
        if signer is None:
            raise jwt.InvalidTokenError(f"key {kid} was never introduced")
        jwt.decode(line, signer, algorithms=[ALGORITHM])
        introduced[told["kid"]] = key
        return None
    if kind != HEAD_TYPE:
        raise jwt.InvalidTokenError("neither a head nor a key")
    verifier = introduced.get(kid, known.get(kid))
    if verifier is None:
        raise jwt.InvalidTokenError(f"signed with the unknown key {kid}")
    claims: dict[str, Any] = jwt.decode(line, verifier, algorithms=[ALGORITHM], options={"verify_iat": False})
    return claims
