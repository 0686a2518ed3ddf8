"""Deleting files whose time has passed, request by request.

Row first, then file, then row again. That a file is to go is committed before anything is deleted, so no row promises
what is not there; until its row says that it has gone, every run tries again, so nothing stays behind. A hold that
comes between the two saves what is still there (ADR 0059).
"""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from prometheus_client import Counter

from services.contracts.processes import PURGE_AT, PURGE_EVERY
from services.contracts.states import ApprovalAction, ApprovalState, PurgeRule
from services.kit.db.database import Database, Reader, Row, UnitOfWork
from services.kit.events import audit
from services.kit.files.storage import Storage
from services.kit.running import clock, crashpoints
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger
from services.opportunity.record import Approval
from services.opportunity.repository import approvals, legal_holds, purging
from services.opportunity.service import firm_settings
from services.opportunity.service.transition import Transition
from services.opportunity.service.unmoved import note

CRASH_BEGUN: Final = "attachment.purge_begun"
CRASH_DELETED: Final = "attachment.purge_deleted"
PURGED: Final = Counter("ringi_attachments_purged_total", "Files that were deleted by the rules of retention", ["rule"])
PURGED_BYTES: Final = Counter("ringi_attachments_purged_bytes_total", "Bytes of these files")
_log = get_logger("attachments")


async def outlook(reader: Reader) -> dict[str, Any]:
    """What the next run would delete if it ran now, when it does, and what the last one did."""
    now = clock.now()
    return {
        "nextRunAt": next_run(now),
        "due": await purging.count_due(reader, await firm_settings.terms(reader), now),
        "heldRequests": await legal_holds.count(reader),
        "lastRun": await purging.last_run(reader),
    }


def next_run(now: datetime) -> datetime:
    """By the Schedule, which counts its interval from the epoch."""
    epoch = datetime(1970, 1, 1, tzinfo=UTC) + PURGE_AT
    return now + PURGE_EVERY - (now - epoch) % PURGE_EVERY


async def purge(db: Database, storage: Storage, approval_id: UUID, run_id: UUID, heartbeat: Callable[..., None]) -> int:
    """How many files of the request were deleted; none where it is held, or its time has not passed (any more)."""
    async with db.transaction(ActorContext.system()) as uow:
        approval = await approvals.lock(uow, approval_id)
        if approval is None or not await _begin(uow, approval):
            return 0
    crashpoints.reach(CRASH_BEGUN)
    return await finish(db, storage, approval_id, run_id, heartbeat)


async def _begin(uow: UnitOfWork, approval: Approval) -> bool:
    now, terms = clock.now(), await firm_settings.terms(uow)
    held = await legal_holds.is_held(uow, approval.id)
    if held or not await purging.has_passed(uow, approval.id, terms, now):
        return False
    rule = PurgeRule.ABANDONED_DRAFT if approval.state is ApprovalState.DRAFT else PurgeRule.RETENTION
    rows = await purging.begin(uow, approval.id, rule, terms.of(rule), now)
    if rows:
        await _audit(uow, "approval.purge_begin", approval, _told(rows, rule, terms.of(rule)))
    return bool(rows)


async def finish(
    db: Database, storage: Storage, approval_id: UUID, run_id: UUID, heartbeat: Callable[..., None]
) -> int:
    """Delete what is to go, also after a run that died over it. Raises StorageAway.

    The request stays locked meanwhile: a hold comes before, and saves its files, or after.
    """
    async with db.transaction(ActorContext.system(), patient=True) as uow:
        approval = await approvals.lock(uow, approval_id)
        rows = await purging.begun(uow, approval_id)
        if approval is None or not rows:
            return 0
        if await legal_holds.is_held(uow, approval_id):
            rows = await _call_off(uow, storage, approval, rows)
        for row in rows:
            heartbeat()
            await storage.delete(str(row["id"]))
            await purging.purged(uow, row["id"], clock.now())
        crashpoints.reach(CRASH_DELETED)
        if rows:
            await _tell(uow, approval, rows, run_id)
    if not rows:
        return 0
    for row in rows:
        PURGED.labels(row["purge_rule"]).inc()
        PURGED_BYTES.inc(row["size"])
    _log.info("files deleted by retention", approval=str(approval_id), files=len(rows), run=str(run_id))
    return len(rows)


async def _call_off(uow: UnitOfWork, storage: Storage, approval: Approval, rows: list[Row]) -> list[Row]:
    """The request is held since: what is still there stays. What is not was deleted before, which its row is to say."""
    there = [row for row in rows if await storage.exists(str(row["id"]))]
    if there:
        await purging.call_off(uow, [row["id"] for row in there], clock.now())
        await _audit(uow, "approval.purge_call_off", approval, _of_rows(there))
    return [row for row in rows if row not in there]


async def _tell(uow: UnitOfWork, approval: Approval, rows: list[Row], run_id: UUID) -> None:
    told = _of_rows(rows)
    await note(uow, approval, Transition(ApprovalAction.PURGE_FILES, "SYSTEM", None, purge=told))
    await _audit(uow, "approval.purge_files", approval, told | {"runId": str(run_id)})
    await purging.count_purged(uow, run_id, files=len(rows), size=told["bytes"])


async def _audit(uow: UnitOfWork, action: str, approval: Approval, told: dict[str, Any]) -> None:
    detail = {"number": approval.number, "to": approval.state.value} | told
    await audit.record_audit(uow, action=action, resource_type="approval", resource_id=approval.id, detail=detail)


def _of_rows(rows: list[Row]) -> dict[str, Any]:
    """Files of one request that are to go go by one rule."""
    return _told(rows, PurgeRule(rows[0]["purge_rule"]), rows[0]["purge_term"])


def _told(rows: list[Row], rule: PurgeRule, term: int) -> dict[str, Any]:
    return {
        "rule": rule.value,
        "term": term,
        "count": len(rows),
        "bytes": sum(row["size"] for row in rows),
        "files": [{"id": str(row["id"]), "size": row["size"], "sha256": row["sha256"]} for row in rows],
    }
