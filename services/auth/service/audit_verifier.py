"""Verifies the audit chain in the background, where the signed heads are: beside the sealer.

New links are verified from the last checkpoint on, the whole chain once a day and when somebody asks for it. What is
wrong stays known: a part that starts where everything held finds a fault again, and that of the whole stands until the
next one of the whole.
"""

import asyncio
import contextlib
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path
from typing import Final

from services.auth.repository import audit, head_stores, keys, verifications
from services.auth.service.audit_verification import BATCH, Checkpoint, Finding, Verification
from services.auth.service.head_reading import read_back
from services.auth.service.head_stores import BUCKET
from services.kit.db.database import Database
from services.kit.db.lease import hold_lease
from services.kit.db.unit_of_work import Reader, Row
from services.kit.files.journal import BucketJournal
from services.kit.files.storage import StorageAway
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from services.kit.running.logging import get_logger

LOOK_SECONDS: Final = 1.0
PART_EVERY: Final = timedelta(minutes=1)
"""While the chain grows; the heads are looked at every QUIET_EVERY even if it does not."""
QUIET_EVERY: Final = timedelta(minutes=10)
WHOLE_EVERY: Final = timedelta(days=1)
TOLD_EVERY: Final = 20
"""Batches between two notes of how far it has come."""
FINDINGS_KEPT: Final = 100
LEASE: Final = "audit-verifier"
_log = get_logger("audit-verifier")


class Verifier:
    """``run`` is a loop of the worker; ``look`` is one round of it."""

    def __init__(self, db: Database, head_file: Path | None = None, journal: BucketJournal | None = None) -> None:
        self._db = db
        self._head_file = head_file
        self._journal = journal

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with hold_lease(self._db, LEASE, stop) as lease:
                    while lease is not None and not stop.is_set():
                        lease.check()
                        await self.look()
                        await _pause(stop)
            except Exception as error:  # the database may be away; what was asked for waits in its table
                _log.warning("audit chain not verified", error=repr(error))
                await _pause(stop)

    async def look(self) -> None:
        """Do what was asked for, or what is due."""
        async with self._db.reader() as reader:
            asked = await verifications.under_way(reader)
            due = None if asked is not None else await _due(reader)
        if due is not None:
            await ask(self._db, whole=due)
            async with self._db.reader() as reader:
                asked = await verifications.under_way(reader)
        if asked is not None:
            await self._verify(asked)

    async def _verify(self, asked: Row) -> None:
        async with self._db.reader() as reader:
            before = None if asked["whole"] else await verifications.last(reader)
            start = Checkpoint.from_json(before and before["checkpoint"])
            run = Verification(await keys.history(reader), self._head_file, start)
        batches = 0
        while rows := await self._links(run.position):
            await asyncio.to_thread(run.take, rows)
            batches += 1
            if batches % TOLD_EVERY == 0:
                async with self._db.transaction(ActorContext.system()) as uow:
                    await verifications.advance(uow, asked["id"], run.position, run.position)
        in_bucket = await self._read_back(whole=asked["whole"])
        async with self._db.transaction(ActorContext.system(), patient=True) as uow:
            run.finish(await audit.unlinked(uow, start.at, clock.now()))
            run.findings += in_bucket
            await verifications.finish(
                uow,
                asked["id"],
                position=run.good.position,
                checkpoint=run.good.to_json(),
                findings=[asdict(finding) for finding in run.findings[:FINDINGS_KEPT]],
                finding_count=len(run.findings),
                heads_kept=self._head_file is not None or self._journal is not None,
                at=clock.now(),
            )
        if run.findings:
            first = run.findings[0]
            _log.error("the audit chain is broken", findings=len(run.findings), at=first.position, what=first.problem)

    async def _read_back(self, *, whole: bool) -> list[Finding]:
        """What is wrong with the heads in the bucket. One that can't be reached is told by its delivery, not here."""
        if self._journal is None:
            return []
        try:
            async with self._db.reader() as reader:
                back = await read_back(reader, self._journal, whole=whole)
        except StorageAway:
            _log.warning("the signed heads in the bucket could not be read back")
            return []
        if not back.findings:
            async with self._db.transaction(ActorContext.system()) as uow:
                await head_stores.note_read(uow, BUCKET, asdict(back.place), clock.now())
        return back.findings

    async def _links(self, after: int) -> list[Row]:
        async with self._db.reader() as reader:
            return await audit.links(reader, after=after, limit=BATCH)


async def ask(db: Database, *, whole: bool) -> None:
    """By itself: nobody is named."""
    async with db.transaction(ActorContext.system()) as uow:
        total = await audit.head(uow)
        await verifications.ask(
            uow, new_id(), whole=whole, requested_by=None, at=clock.now(), total=total[0] if total else 0
        )


async def _due(reader: Reader) -> bool | None:
    """True: all of it; False: what is new; None: nothing now."""
    now = clock.now()
    whole = await verifications.last(reader, whole=True)
    if whole is None or whole["finished_at"] < now - WHOLE_EVERY:
        return True
    last = await verifications.last(reader)
    assert last is not None, "the one of the whole is there"
    if last["finished_at"] < now - QUIET_EVERY:
        return False
    head = await audit.head(reader)
    # Behind a fault everything would be read again each minute.
    grown = head is not None and head[0] > last["position"] and last["finding_count"] == 0
    return False if grown and last["finished_at"] < now - PART_EVERY else None


async def _pause(stop: asyncio.Event) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
