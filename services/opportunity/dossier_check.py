"""Whether a dossier is what was signed, and whether what it tells holds together. Needs no server and no database."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import ValidationError

from services.opportunity import chain, dossier
from services.opportunity.dossier_story import contradictions
from services.opportunity.schemas.dossier import (
    ALGORITHM,
    KNOWN_VERSIONS,
    SCHEMA,
    Dossier,
    DossierEntry,
    DossierMade,
    DossierSignature,
    EvidenceKeys,
)

HISTORY: Final = "/record/history/"
KEY_SLACK: Final = timedelta(minutes=5)
"""A key may sign for so long after it was retired: for who had taken it before."""


class NotADossierError(ValueError):
    """Nothing that could be verified: no JSON, another kind of document, or one of a version unknown here."""


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, and where: ``pointer`` into the document; ``entry`` is the number of the history's entry."""

    pointer: str
    what: str

    @property
    def entry(self) -> int | None:
        position = self.pointer.removeprefix(HISTORY).partition("/")[0]
        return int(position) + 1 if self.pointer.startswith(HISTORY) and position.isdecimal() else None

    @property
    def field(self) -> str:
        """The pointer within the entry, or within the document."""
        if self.entry is None:
            return self.pointer
        return self.pointer.removeprefix(HISTORY).partition("/")[2]


@dataclass(frozen=True, slots=True)
class Pin:
    """A key that the verifier trusts, from a source other than the dossier; with its period where it is known."""

    fingerprint: str
    since: datetime | None = None
    until: datetime | None = None


@dataclass(slots=True)
class Report:
    """``pinned``: the key is one that the verifier named; otherwise it is only the one that came with the dossier."""

    document: dict[str, Any]
    pinned: bool
    problems: list[Problem] = field(default_factory=list)

    @property
    def verified(self) -> bool:
        return not self.problems

    @property
    def key(self) -> str:
        """The fingerprint of the key that is embedded; empty where there is none."""
        return str(self._told("signature", "fingerprint") or "")

    @property
    def number(self) -> str:
        """The request's; empty in a document that has none."""
        return str(self._told("record", "request", "number") or "")

    @property
    def approval_id(self) -> str:
        return str(self._told("record", "request", "id") or "")

    @property
    def record_sha256(self) -> str:
        """Of the record as it is in the file, whatever the file says."""
        return dossier.sha256(self.document.get("record"))

    @property
    def entries(self) -> int:
        return len(self._history)

    @property
    def erased(self) -> int:
        return sum(isinstance(entry, dict) and entry.get("erased") is True for entry in self._history)

    @property
    def _history(self) -> list[Any]:
        history = self._told("record", "history")
        return history if isinstance(history, list) else []

    def _told(self, *way: str) -> Any:
        value: Any = self.document
        for step in way:
            value = value.get(step) if isinstance(value, dict) else None
        return value


def pins_of(keys: bytes) -> list[Pin]:
    """From a stored answer of ``GET /approvals/evidence-keys``. Raises ValueError for anything else."""
    listed = EvidenceKeys.model_validate_json(keys).keys
    pins = []
    for key in listed:
        public = Ed25519PublicKey.from_public_bytes(dossier.public_bytes(key.x)).public_bytes_raw()
        until = None if key.retired_at is None else key.retired_at + KEY_SLACK
        pins.append(Pin(dossier.fingerprint(public), key.created_at, until))
    return pins


def schema_of(content: bytes) -> str | None:
    """What kind of document a file says it is; None for what is none at all."""
    try:
        document = orjson.loads(content)
    except ValueError:
        return None
    return document.get("schema") if isinstance(document, dict) else None


def read(content: bytes, schema: str = SCHEMA, versions: Sequence[int] = KNOWN_VERSIONS) -> dict[str, Any]:
    """The document of a file. Raises NotADossierError."""
    try:
        document = orjson.loads(content)
        # The same name twice would let one reader see what another one does not.
        json.loads(content, object_pairs_hook=_without_repeats)
        chain.canonical(document)
    except (ValueError, RecursionError, TypeError) as error:
        raise NotADossierError(f"this is no JSON that can be relied on: {error}") from error
    if not isinstance(document, dict) or document.get("schema") != schema:
        raise NotADossierError(f"this is no {schema}")
    version = document.get("version")
    if version not in versions or isinstance(version, bool | float):
        known = ", ".join(map(str, versions))
        raise NotADossierError(f"version {version} is not known here, only {known}")
    return document


def _without_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice in one object")
    return found


def check(content: bytes, pins: Sequence[Pin] | None = None) -> Report:
    """Everything that is wrong, the place of the change first. Raises NotADossierError.

    ``pins`` None: the key that came along is all there is, so the signature only shows that nothing changed since.
    """
    document = read(content)
    report = Report(document, pinned=pins is not None)
    report.problems += changed_values(document)
    try:
        told = Dossier.model_validate(document)
    except ValidationError as error:
        report.problems += misshapen(error)
        return report
    for position, entry in enumerate(told.record.history):
        before = told.record.history[position - 1].hash if position else chain.GENESIS
        report.problems += _entry_problems(position, entry, before, document["record"]["history"][position])
    report.problems += _head_problems(told)
    report.problems += [Problem(pointer, what) for pointer, what in contradictions(told.record)]
    report.problems += signature_problems(document, told, pins)
    return report


def misshapen(error: ValidationError) -> Iterator[Problem]:
    for fault in error.errors():
        yield Problem("".join(f"/{part}" for part in fault["loc"]), fault["msg"])


def changed_values(document: Mapping[str, Any]) -> Iterator[Problem]:
    kept = document.get("digests")
    if not isinstance(kept, dict):
        yield Problem("/digests", "is missing")
        return
    present = dossier.digests(document)
    for pointer, digest in present.items():
        if pointer not in kept:
            yield Problem(pointer, "was added after signing")
        elif kept[pointer] != digest:
            yield Problem(pointer, "was changed after signing")
    for pointer in kept.keys() - present.keys():
        yield Problem(pointer, "was taken out after signing")


def _entry_problems(position: int, entry: DossierEntry, before: str, raw: Mapping[str, Any]) -> Iterator[Problem]:
    place = f"{HISTORY}{position}"
    if entry.facts.sequence != position + 1:
        yield Problem(f"{place}/facts/sequence", f"is {entry.facts.sequence} where entry {position + 1} belongs")
    if entry.previous_hash != before:
        yield Problem(f"{place}/previousHash", "is not the hash of the entry before")
    if chain.entry_hash(entry.previous_hash, raw["facts"]) != entry.hash:
        yield Problem(f"{place}/hash", "does not follow from the entry's facts")
    if entry.erased != (entry.personal is None) or entry.erased != (entry.salt is None):
        yield Problem(f"{place}/erased", "does not say whether comment and facts are there")
    elif (
        entry.salt is not None
        and chain.commitment(bytes.fromhex(entry.salt), raw["personal"]) != entry.facts.commitment
    ):
        yield Problem(f"{place}/personal", "is not what the entry was committed to")


def _head_problems(told: Dossier) -> Iterator[Problem]:
    history, request = told.record.history, told.record.request
    if request.history_length != len(history):
        yield Problem("/record/request/historyLength", f"is {request.history_length}, there are {len(history)} entries")
    if request.history_head != (history[-1].hash if history else chain.GENESIS):
        yield Problem("/record/request/historyHead", "is not the hash of the last entry")


class Signed(Protocol):
    """What all signed documents have in common."""

    @property
    def record_sha256(self) -> str: ...
    @property
    def made(self) -> DossierMade: ...
    @property
    def signature(self) -> DossierSignature: ...


def signature_problems(document: Mapping[str, Any], told: Signed, pins: Sequence[Pin] | None) -> Iterator[Problem]:
    """Of the digest of the record, the signature, and the key that made it."""
    if dossier.sha256(document["record"]) != told.record_sha256:
        yield Problem("/recordSha256", "is not the SHA-256 of the record")
    signature = told.signature
    public = bytes.fromhex(signature.public_key)
    if signature.algorithm != ALGORITHM:
        yield Problem("/signature/algorithm", f"is not {ALGORITHM}")
    if dossier.fingerprint(public) != signature.fingerprint:
        yield Problem("/signature/fingerprint", "is not that of the public key")
    try:
        key = Ed25519PublicKey.from_public_bytes(public)
        key.verify(bytes.fromhex(signature.value), dossier.payload(document))
    except (InvalidSignature, ValueError):
        yield Problem("/signature/value", "does not sign this document: it is not what was signed with this key")
    yield from _key_problems(told, pins)


def _key_problems(told: Signed, pins: Sequence[Pin] | None) -> Iterator[Problem]:
    if pins is None:
        return
    actual = dossier.fingerprint(bytes.fromhex(told.signature.public_key))
    pin = next((pin for pin in pins if pin.fingerprint == actual), None)
    if pin is None:
        yield Problem("/signature/publicKey", "is not one of the keys that you trust")
    elif (pin.since is not None and told.made.at < pin.since) or (pin.until is not None and told.made.at > pin.until):
        yield Problem("/made/at", "lies outside of the time in which this key signed")
