"""Signed heads of the audit chain, as they are kept outside of the database: in a file to which the sealer only
appends, and in stores that get such lines from a queue (`service/head_stores.py`).

Each line is a token (JWS). A head says how long the chain was and what it ended with; an introduction precedes the
heads of a key and holds its public part, signed by the key before (the first one by itself). So the file can be
verified without the database, and the database's own list of keys, which must name the same ones, shows a swapped key.
A head also tells the digest of the line before it, so that a line can't be taken out unnoticed.
"""

import fcntl
import hashlib
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.kit.trust.tokens import ALGORITHM

HEAD_TYPE: Final = "audit-head+jwt"
KEY_TYPE: Final = "audit-key+jwt"
TAIL_BYTES: Final = 4096
"""More than any line has."""


@dataclass(frozen=True, slots=True)
class Place:
    """Up to where the file was read: bytes, lines, the last head's position, and the digest of the last line."""

    offset: int = 0
    line: int = 0
    position: int = 0
    digest: str | None = None


@dataclass(frozen=True, slots=True)
class Head:
    """Line ``line`` says that the chain had ``position`` links, the last one with this hash."""

    line: int
    position: int
    hash: str
    signed_at: int
    end: Place
    """The file up to and with this line."""


@dataclass(frozen=True, slots=True)
class Broken:
    """Line ``line`` is no word of ours."""

    line: int
    problem: str


@dataclass(frozen=True, slots=True)
class Signer:
    """The present key: its id, its introduction (None for one from before keys were introduced), and how it signs."""

    kid: str
    introduction: str | None
    sign: Callable[[Mapping[str, Any]], str]


def introduction(kid: str, key: Ed25519PublicKey, signer_kid: str, signer: Ed25519PrivateKey) -> str:
    """A new key, as told by the one before it."""
    claims = {"kid": kid, "x": key.public_bytes_raw().hex()}
    return jwt.encode(claims, signer, ALGORITHM, headers={"typ": KEY_TYPE, "kid": signer_kid})


def digest_of(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def append(path: Path, position: int, claims: Mapping[str, Any], signer: Signer) -> None:
    """Sign a head that follows the file's last line, after the key's introduction if it signs its first one.

    Sealers of several processes take turns; a head that is not beyond the last one is left out.
    """
    with path.open("a+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        last = _last_line(file)
        if last is not None and (_position(last) or 0) >= position:
            return
        file.write(b"".join(line + b"\n" for line in following(last, claims, signer)))
        file.flush()
        os.fsync(file.fileno())


def following(last: bytes | None, claims: Mapping[str, Any], signer: Signer) -> list[bytes]:
    """What follows a store's last line: the signer's introduction if it signs its first head there, and the head."""
    lines = []
    if signer.introduction is not None and (last is None or key_of(last) != signer.kid):
        last = signer.introduction.encode()
        lines.append(last)
    previous = None if last is None else digest_of(last)
    return [*lines, signer.sign({**claims, "previous": previous}).encode()]


def _last_line(file: BinaryIO) -> bytes | None:
    """The newest whole line, from the file's tail; what a crash left after it is cut off, and was never counted on."""
    size = file.seek(0, os.SEEK_END)
    start = max(0, size - TAIL_BYTES)
    file.seek(start)
    tail = file.read()
    whole = tail.rpartition(b"\n")[0]
    if tail and not tail.endswith(b"\n"):
        file.truncate(start + len(whole) + (1 if b"\n" in tail else 0))
    return whole.rpartition(b"\n")[2] or None


def _position(line: bytes) -> int | None:
    """Of a head; None for any other line."""
    try:
        return int(jwt.decode(line, options={"verify_signature": False})["position"])
    except (jwt.InvalidTokenError, KeyError, ValueError, TypeError):
        return None


def key_of(line: bytes) -> str | None:
    """The id of the key that is known after this line: the one that signed a head, or that was introduced."""
    try:
        header = jwt.get_unverified_header(line)
        if header.get("typ") == KEY_TYPE:
            return str(jwt.decode(line, options={"verify_signature": False})["kid"])
    except (jwt.InvalidTokenError, KeyError):
        return None
    return str(header.get("kid"))


@dataclass(frozen=True, slots=True)
class KeyOfHistory:
    """A row of the key history, oldest first."""

    kid: str
    key: Ed25519PublicKey
    introduction: str | None


def trusted(history: Sequence[KeyOfHistory]) -> tuple[dict[str, Ed25519PublicKey], list[str]]:
    """The keys whose introductions lead back to the first one, and what is wrong with the others: whoever adds a row
    to the history can't sign for the keys that were there."""
    known: dict[str, Ed25519PublicKey] = {}
    problems: list[str] = []
    introduced = False
    for row in history:
        try:
            if row.introduction is None:
                if introduced:
                    raise jwt.InvalidTokenError("it was never introduced")
            else:
                _check_introduction(row, known)
                introduced = True
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
            problems.append(f"key {row.kid} of the history: {error or type(error).__name__}")
            continue
        known[row.kid] = row.key
    return known, problems


def _check_introduction(row: KeyOfHistory, known: Mapping[str, Ed25519PublicKey]) -> None:
    assert row.introduction is not None
    signer_kid = str(jwt.get_unverified_header(row.introduction).get("kid"))
    if signer_kid == row.kid and known:
        raise jwt.InvalidTokenError("it introduces itself among others")
    signer = row.key if signer_kid == row.kid else known.get(signer_kid)
    if signer is None:
        raise jwt.InvalidTokenError(f"introduced by the unknown key {signer_kid}")
    told = jwt.decode(row.introduction, signer, algorithms=[ALGORITHM])
    if (told["kid"], told["x"]) != (row.kid, row.key.public_bytes_raw().hex()):
        raise jwt.InvalidTokenError("it is another than the one that was introduced")


def read(path: Path, known: Mapping[str, Ed25519PublicKey], start: Place | None = None) -> Iterator[Head | Broken]:
    """All heads in order from a place on, one line in memory at a time; ``known``: the keys that the database names."""
    place = start or Place()
    size = path.stat().st_size if path.exists() else 0
    if size < place.offset:
        yield Broken(place.line, f"the file ends before it: {place.offset - size} bytes are missing")
        return
    if not path.exists():
        return
    with path.open("rb") as file:
        file.seek(place.offset)
        yield from read_lines(file, known, place)


def read_lines(lines: Iterable[bytes], known: Mapping[str, Ed25519PublicKey], place: Place) -> Iterator[Head | Broken]:
    """The heads among lines that stand behind a place; each line with its end."""
    introduced: dict[str, Ed25519PublicKey] = {} if place.offset == 0 else dict(known)
    for raw in lines:
        line = raw.strip()
        before = place
        place = Place(before.offset + len(raw), before.line + 1, before.position, digest_of(line))
        try:
            found = _verified(line.decode("ascii"), introduced, known)
            if found is None:
                continue
            if found.get("previous", before.digest) != before.digest:
                yield Broken(place.line, "it does not follow the line before: a line is missing or was replaced")
            place = Place(place.offset, place.line, int(found["position"]), place.digest)
            yield Head(place.line, place.position, str(found["hash"]), int(found["iat"]), place)
        except (jwt.InvalidTokenError, KeyError, ValueError, TypeError) as error:
            yield Broken(place.line, str(error) or type(error).__name__)


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
