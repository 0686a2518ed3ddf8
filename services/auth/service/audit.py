"""The audit log: taken over from all services, chained by one sealer, its head signed into another store.

Names are kept here, at one depth for all services: an entry comes with ids, and this service knows who they are.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from services.auth import audit_heads
from services.auth.audit_chain import FORM, GENESIS, commitment, link_hash
from services.auth.repository import audit, head_stores, keys, users
from services.auth.service.head_stores import FILE
from services.auth.signing import SigningKeys
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import AuditRecorded, Envelope
from services.kit.models import is_canonical_uuid
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger

SALT_BYTES: Final = 16
BATCH: Final = 500
IDLE_SECONDS: Final = 1.0
_log = get_logger("audit-sealer")


async def take_over(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
    """What the consumer applies: entries of all services, unchained, so that no writer waits for the chain."""
    entries = [
        envelope.payload(AuditRecorded) for envelope in envelopes if envelope.event_type == AuditRecorded.event_type
    ]
    if not entries:
        return
    by_entry = {entry.audit_id: mentioned(entry) for entry in entries}
    known = await users.names(uow, set().union(*by_entry.values()))
    await audit.append(
        uow,
        [
            audit.Arrival(
                entry,
                secrets.token_bytes(SALT_BYTES),
                {str(user_id): known[user_id] for user_id in by_entry[entry.audit_id] if user_id in known},
            )
            for entry in entries
        ],
    )


def mentioned(entry: AuditRecorded) -> set[UUID]:
    """Everybody whom an entry may mention: who acted, for whom, on which record, and every id in its detail."""
    named = {entry.actor_id, entry.on_behalf_of, entry.resource_id} - {None}
    return {user_id for user_id in named if user_id is not None} | set(ids_in(entry.detail))


def ids_in(detail: Any) -> Iterator[UUID]:
    """Ids anywhere in a JSON value."""
    if isinstance(detail, str):
        if is_canonical_uuid(detail):
            yield UUID(detail)
    elif isinstance(detail, dict | list):
        for part in detail.values() if isinstance(detail, dict) else detail:
            yield from ids_in(part)


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
            content = commitment(entry)
            digest = link_hash(previous, position, entry, content)
            links.append((position, entry.id, content, previous, digest, FORM))
            previous = digest
        await audit.append_links(uow, links)
    return position, previous


class Sealer:
    """Extends the chain while entries come. Each signed head is appended to ``head_file``, if there is one, and added
    to the queue of other stores, if there are any (``queue``)."""

    def __init__(self, db: Database, keys: SigningKeys, head_file: Path | None = None, *, queue: bool = False) -> None:
        self._db = db
        self._keys = keys
        self._head_file = head_file
        self._queue = queue
        self._signer: audit_heads.Signer | None = None

    async def run(self, stop: asyncio.Event) -> None:
        caught_up = False
        while not stop.is_set():
            try:
                head = await seal_batch(self._db)
                if head is not None:
                    caught_up = False
                    await self._sign(*head)
                    caught_up = True
                    continue
                if not caught_up:
                    await self._catch_up()
                    caught_up = True
            except Exception as error:  # the database may be away, or the file; entries wait in their queue
                _log.warning("audit entries not sealed", error=repr(error))
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), IDLE_SECONDS)

    async def _sign(self, position: int, digest: bytes) -> None:
        if self._head_file is None and not self._queue:
            return
        kid, sign = await self._keys.signer(audit_heads.HEAD_TYPE)
        if self._signer is None or self._signer.kid != kid:
            async with self._db.reader() as reader:
                self._signer = audit_heads.Signer(kid, await keys.endorsement(reader, kid), sign)
        claims = {"position": position, "hash": digest.hex(), "iat": int(clock.now().timestamp())}
        if self._queue:
            await self._add_to_queue(position, claims, self._signer)
        if self._head_file is not None:
            await self._append(self._head_file, position, claims, self._signer)

    async def _append(self, file: Path, position: int, claims: dict[str, Any], signer: audit_heads.Signer) -> None:
        try:
            await asyncio.to_thread(audit_heads.append, file, position, claims, signer)
        except OSError as error:
            async with self._db.transaction(ActorContext.system()) as uow:
                await head_stores.fail(uow, FILE, type(error).__name__, clock.now())
            raise
        async with self._db.transaction(ActorContext.system()) as uow:
            await head_stores.advance(uow, FILE, number=0, position=position, at=clock.now())

    async def _add_to_queue(self, position: int, claims: dict[str, Any], signer: audit_heads.Signer) -> None:
        """As the file takes it: a head that is not beyond the last one is left out."""
        async with self._db.transaction(ActorContext.system()) as uow:
            await head_stores.lock_queue(uow)
            last = await head_stores.last_line(uow)
            if last is not None and last["position"] >= position:
                return
            before = None if last is None else last["line"].encode()
            lines = [line.decode() for line in audit_heads.following(before, claims, signer)]
            await head_stores.add(uow, last["number"] if last else 0, position, lines, clock.now())

    async def _catch_up(self) -> None:
        """After a start, or a failure: the chain may have grown by links whose head was not written any more."""
        if self._head_file is None and not self._queue:
            return
        async with self._db.reader() as reader:
            head = await audit.head(reader)
        if head is not None:
            await self._sign(*head)
