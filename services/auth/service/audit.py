"""The audit log: taken over from all services, chained by one sealer, its head signed into another store."""

import asyncio
import contextlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

import jwt
import orjson
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from services.auth import audit_heads
from services.auth.audit_chain import GENESIS, commitment, link_hash
from services.auth.record import AuditLogEntry
from services.auth.repository import audit, keys
from services.auth.signing import SigningKeys
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.events.envelope import AuditRecorded, Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger

SALT_BYTES: Final = 16
BATCH: Final = 500
IDLE_SECONDS: Final = 1.0
HEAD_LAG: Final = timedelta(minutes=2)
"""A link that is older has had its head written, or the store has lost it."""
_log = get_logger("audit-sealer")


async def take_over(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
    """What the consumer applies: entries of all services, unchained, so that no writer waits for the chain."""
    entries = [
        (envelope.payload(AuditRecorded), secrets.token_bytes(SALT_BYTES))
        for envelope in envelopes
        if envelope.event_type == AuditRecorded.event_type
    ]
    if entries:
        await audit.append(uow, entries)


async def seal_batch(db: Database) -> tuple[int, bytes] | None:
    """Chain up to BATCH entries; returns the new head, None when there was nothing to do (or another seals)."""
    async with db.transaction(ActorContext.system()) as uow:
        if not await audit.become_sealer(uow):
            return None
        entries = await audit.take_unsealed(uow, BATCH)
        if not entries:
            return None
        position, previous = await audit.head(uow) or (0, GENESIS)
        links = []
        for entry in entries:
            position += 1
            detail = commitment(entry.salt or b"", entry.detail)
            digest = link_hash(previous, position, entry, detail)
            links.append((position, entry.id, detail, previous, digest))
            previous = digest
        await audit.append_links(uow, links)
    return position, previous


class Sealer:
    """Extends the chain while entries come, and appends each signed head to ``head_file``, if there is one."""

    def __init__(self, db: Database, keys: SigningKeys, head_file: Path | None = None) -> None:
        self._db = db
        self._keys = keys
        self._head_file = head_file
        self._introduced: str | None = None

    async def run(self, stop: asyncio.Event) -> None:
        caught_up = False
        while not stop.is_set():
            try:
                if not caught_up:
                    await self._catch_up()
                    caught_up = True
                head = await seal_batch(self._db)
                if head is not None:
                    await self._sign(*head)
                    continue
            except Exception as error:  # the database may be away; entries wait in their queue
                _log.warning("audit entries not sealed", error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), IDLE_SECONDS)

    async def _sign(self, position: int, digest: bytes) -> None:
        if self._head_file is None:
            return
        claims = {"position": position, "hash": digest.hex(), "iat": int(clock.now().timestamp())}
        head = await self._keys.sign(claims, typ=audit_heads.HEAD_TYPE)
        await self._introduce(self._head_file, jwt.get_unverified_header(head)["kid"])
        await asyncio.to_thread(audit_heads.append, self._head_file, head)

    async def _introduce(self, path: Path, kid: str) -> None:
        """The public key goes into the store before the first head that it verifies."""
        if self._introduced is None:
            last = await asyncio.to_thread(audit_heads.last_line, path)
            self._introduced = None if last is None else audit_heads.key_of(last)
        if self._introduced == kid:
            return
        async with self._db.reader() as reader:
            endorsement = await keys.endorsement(reader, kid)
        if endorsement is not None:
            await asyncio.to_thread(audit_heads.append, path, endorsement)
        self._introduced = kid

    async def _catch_up(self) -> None:
        """After a start: the chain may have grown by links whose head was not written any more."""
        if self._head_file is None:
            return
        async with self._db.reader() as reader:
            head = await audit.head(reader)
        if head is not None:
            await self._sign(*head)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the chain, and where."""

    position: int
    problem: str


async def verify(reader: Reader, head_file: Path | None = None) -> list[Finding]:
    """Recompute the whole chain; finds an edit, a deletion, a swap, and with signed heads a truncation of either."""
    findings: list[Finding] = []
    heads = _Heads(head_file, await keys.public_keys(reader))
    position, previous = 0, GENESIS
    while rows := await audit.links(reader, after=position, limit=BATCH):
        for row in rows:
            if row["position"] != position + 1:
                findings.append(Finding(position + 1, "missing link"))
            position = row["position"]
            if row["previous_hash"] != previous:
                findings.append(Finding(position, "does not follow the link before"))
            if (problem := _problem_of(row)) is not None:
                findings.append(Finding(position, problem))
            findings += heads.compare(position, row["hash"].hex())
            if row["at"] is not None and row["at"] < clock.now() - HEAD_LAG:
                heads.due = position
            previous = row["hash"]
    findings += heads.rest(position)
    if unlinked := await audit.unlinked_before(reader, clock.now()):
        findings.append(Finding(position, f"{unlinked} entries outside of the chain"))
    return findings


class _Heads:
    """The store of heads, read along with the chain."""

    def __init__(self, path: Path | None, known: dict[str, Ed25519PublicKey]) -> None:
        self._lines = audit_heads.read(path, known) if path is not None and path.exists() else iter(())
        self._expected = path is not None
        self._next: audit_heads.Head | None = None
        self._last = 0
        self._findings: list[Finding] = []
        self.due = 0
        """The last link that is old enough for its head to have been written."""
        self._advance()

    def _advance(self) -> None:
        self._next = None
        for line in self._lines:
            if isinstance(line, audit_heads.Broken):
                self._findings.append(Finding(self._last, f"line {line.line} of the signed heads: {line.problem}"))
                continue
            self._next = line
            return

    def compare(self, position: int, digest: str) -> list[Finding]:
        while self._next is not None and self._next.position <= position:
            if self._next.position < self._last:
                self._findings.append(Finding(position, f"line {self._next.line} of the signed heads goes back"))
            elif self._next.position == position and self._next.hash != digest:
                self._findings.append(Finding(position, "differs from the signed head"))
            self._last = self._next.position
            self._advance()
        return self._taken()

    def rest(self, position: int) -> list[Finding]:
        last = self._last
        while self._next is not None:
            last = max(last, self._next.position)
            self._advance()
        if last > position:
            self._findings.append(Finding(position, f"truncated: a signed head stands at {last}"))
        elif self._expected and last < self.due:
            self._findings.append(Finding(last, f"the signed heads end at {last}, the chain at {position}"))
        return self._taken()

    def _taken(self) -> list[Finding]:
        taken, self._findings = self._findings, []
        return taken


def _problem_of(row: Row) -> str | None:
    """What is wrong with one link and its entry. An erased detail has neither salt nor content, and that is right."""
    if row["id"] is None:
        return "missing entry"
    entry = AuditLogEntry.from_row(row)
    erased = entry.salt is None and entry.detail is None
    if not erased and commitment(entry.salt or b"", entry.detail) != row["detail_commitment"]:
        return "changed entry"
    if link_hash(row["previous_hash"], row["position"], entry, row["detail_commitment"]) != row["hash"]:
        return "changed entry"
    return None


def as_json(findings: list[Finding]) -> str:
    """For ``ringi audit verify --json``."""
    return orjson.dumps(findings).decode()
