"""Periodic work on attachments: scanning what is in quarantine, and sweeping files that belong to no row.

What is to be scanned stands in the table with the time of its next try, so a scan that a crash cuts short is done
again by whoever comes next; nothing of it lives in a process.
"""

import asyncio
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.contracts.events.approval import ApprovalUpdated
from services.contracts.states import AttachmentState
from services.kit.db.database import Database, Row
from services.kit.errors import Unavailable
from services.kit.events import audit, outbox
from services.kit.files.clamd import Scanner, ScannerAway
from services.kit.files.storage import FileMissing, Storage
from services.kit.running import clock, crashpoints
from services.kit.running.backoff import pause
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger
from services.opportunity import events
from services.opportunity.repository import approvals, attachments

LOOK_SECONDS: Final = 2.0
"""Between two looks for new uploads; an index of what waits makes one cheap."""
CLAIM: Final = timedelta(minutes=5)
"""Longer than a scan takes: the claim of whoever died over a file ends then."""
RETRY_MAX: Final = timedelta(minutes=10)
SWEEP_INTERVAL: Final = timedelta(hours=1)
ORPHANED_AFTER: Final = timedelta(hours=24)
"""No upload is under way for so long."""
SWEPT_AT_ONCE: Final = 500
CRASH_SCANNED: Final = "attachment.scanned"
_log = get_logger("attachments")


async def scan_next(db: Database, storage: Storage, scanner: Scanner) -> bool:
    """Scan the file that has waited longest; False when none waits."""
    now = clock.now()
    async with db.transaction(ActorContext.system()) as uow:
        row = await attachments.claim_to_scan(uow, now, now + CLAIM)
    if row is None:
        return False
    try:
        found = await scanner.scan((await storage.open(str(row["id"]))).chunks)
    except (ScannerAway, Unavailable, FileMissing) as error:
        again = clock.now() + min(RETRY_MAX, timedelta(seconds=2.0 ** min(row["scans"], 20)))
        _log.warning("not scanned", attachment=str(row["id"]), tries=row["scans"], error=str(error))
        async with db.transaction(ActorContext.system()) as uow:
            await attachments.scan_again(uow, row["id"], again)
        return True
    crashpoints.reach(CRASH_SCANNED)
    await _judge(db, row, found)
    if found is not None:
        # What stays when this fails is swept away: no row keeps it any more.
        await storage.delete(str(row["id"]))
    return True


async def _judge(db: Database, row: Row, found: str | None) -> None:
    """The verdict, told like any change of the request, so that an open page follows."""
    state = AttachmentState.CLEAN if found is None else AttachmentState.INFECTED
    async with db.transaction(ActorContext.system()) as uow:
        approval = await approvals.lock(uow, row["approval_id"])
        if approval is None or not await attachments.judge(uow, row["id"], state, found):
            return
        event = events.acted(ApprovalUpdated, approval, acted_by=None)
        await outbox.record_change(
            uow, table="approvals", aggregate_id=approval.id, event=event, process_id=approval.process_id
        )
        detail = {"id": str(row["id"]), "name": row["name"], "state": state.value, "found": found}
        await audit.record_audit(
            uow,
            action="approval.attachment_scanned",
            resource_type="approval",
            resource_id=approval.id,
            detail={"number": approval.number, "to": approval.state.value, "attachment": detail},
        )


async def keep_scanning(db: Database, storage: Storage, scanner: Scanner, stop: asyncio.Event) -> None:
    """Until ``stop`` is set."""
    while not stop.is_set():
        try:
            busy = await scan_next(db, storage, scanner)
        except Exception as error:  # database or storage may be away; the file waits in its row
            _log.warning("scanning failed", error=repr(error))
            busy = False
        if not busy:
            await pause(stop, LOOK_SECONDS)


async def sweep(db: Database, storage: Storage) -> int:
    """Delete old files that no row keeps: what a crash left between file and row. Returns how many."""
    gone = 0
    batch: list[str] = []
    async for key in storage.older_than(clock.now() - ORPHANED_AFTER):
        batch.append(key)
        if len(batch) >= SWEPT_AT_ONCE:
            gone += await _sweep(db, storage, batch)
            batch = []
    return gone + await _sweep(db, storage, batch)


async def _sweep(db: Database, storage: Storage, keys: list[str]) -> int:
    ids = {key: number for key in keys if (number := _id_of(key)) is not None}
    async with db.reader() as reader:
        kept = await attachments.kept(reader, list(ids.values()))
    orphans = [key for key, number in ids.items() if number not in kept]
    for key in orphans:
        await storage.delete(key)
        _log.info("orphaned file deleted", id=key)
    return len(orphans)


def _id_of(key: str) -> UUID | None:
    """None for what somebody else put there: not ours to delete."""
    try:
        number = UUID(key)
    except ValueError:
        return None
    return number if str(number) == key else None


async def keep_swept(db: Database, storage: Storage, stop: asyncio.Event) -> None:
    """A round an hour until ``stop`` is set."""
    while not stop.is_set():
        try:
            await sweep(db, storage)
        except Exception as error:  # the next round does it
            _log.warning("not swept", error=repr(error))
        await pause(stop, SWEEP_INTERVAL.total_seconds())
