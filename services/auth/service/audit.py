"""The audit log: taken over from all services, chained by one sealer, its head signed into another store."""

import asyncio
import contextlib
import os
import secrets
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import jwt
import orjson

from services.auth.audit_chain import GENESIS, commitment, link_hash
from services.auth.models import AuditLogEntry
from services.auth.repository import audit
from services.auth.signing import SigningKeys
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.events.envelope import AuditRecorded, Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger
from services.kit.trust.tokens import ALGORITHM

SALT_BYTES: Final = 16
BATCH: Final = 500
IDLE_SECONDS: Final = 1.0
HEAD_TOKEN_TYPE: Final = "audit-head+jwt"  # noqa: S105 - a media type
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

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
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
        token = await self._keys.sign(claims, typ=HEAD_TOKEN_TYPE)
        await asyncio.to_thread(_append_line, self._head_file, token)


def _append_line(path: Path, line: str) -> None:
    with path.open("a", encoding="ascii") as file:
        file.write(line + "\n")
        file.flush()
        os.fsync(file.fileno())


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with the chain, and where."""

    position: int
    problem: str


async def verify(reader: Reader, head_file: Path | None = None) -> list[Finding]:
    """Recompute the whole chain; finds an edit, a deletion, a swap, and with signed heads a truncation."""
    findings: list[Finding] = []
    heads = _signed_heads(head_file)
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
            if heads.get(position, row["hash"].hex()) != row["hash"].hex():
                findings.append(Finding(position, "differs from the signed head"))
            previous = row["hash"]
    if heads and max(heads) > position:
        findings.append(Finding(position, f"truncated: a signed head stands at {max(heads)}"))
    if unlinked := await audit.unlinked_before(reader, clock.now()):
        findings.append(Finding(position, f"{unlinked} entries outside of the chain"))
    return findings


def _problem_of(row: Row) -> str | None:
    """What is wrong with one link and its entry. An erased detail has neither salt nor content, and that is right."""
    if row["entry"] is None:
        return "missing entry"
    entry = AuditLogEntry.model_validate(row["entry"] | {"at": row["at"], "salt": row["salt"], "detail": row["detail"]})
    erased = entry.salt is None and entry.detail is None
    if not erased and commitment(entry.salt or b"", entry.detail) != row["detail_commitment"]:
        return "changed entry"
    if link_hash(row["previous_hash"], row["position"], entry, row["detail_commitment"]) != row["hash"]:
        return "changed entry"
    return None


def _signed_heads(head_file: Path | None) -> dict[int, str]:
    """Positions and hashes as the file has them. Its signatures prove origin to others (``jwks.json``)."""
    if head_file is None or not head_file.exists():
        return {}
    heads = {}
    for line in head_file.read_text(encoding="ascii").split():
        claims = jwt.decode(line, options={"verify_signature": False}, algorithms=[ALGORITHM])
        heads[int(claims["position"])] = str(claims["hash"])
    return heads


def as_json(findings: list[Finding]) -> str:
    """For ``ringi audit verify --json``."""
    return orjson.dumps(findings).decode()
