"""How far the audit chain was verified, as people are told."""

from typing import Any
from uuid import UUID

from services.auth.repository import audit, head_stores, verifications
from services.auth.service.audit_verification import Checkpoint
from services.auth.service.head_stores import LATE
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.events.audit import record_audit
from services.kit.running import clock
from services.kit.running.ids import new_id


async def verification(reader: Reader) -> dict[str, Any]:
    """A fault that the last one of the whole found stands until another one of the whole does not find it any more."""
    last, whole = await verifications.last(reader), await verifications.last(reader, whole=True)
    head, under_way = await audit.head(reader), await verifications.under_way(reader)
    told = [whole] if whole is not None and whole["finding_count"] else [last] if last is not None else []
    believed = Checkpoint.from_json(told[0]["checkpoint"] if told else None)
    return {
        "position": believed.position,
        "verifiedTo": believed.at,
        "total": 0 if head is None else head[0],
        "checkedAt": last and last["finished_at"],
        "wholeCheckedAt": whole and whole["finished_at"],
        "holds": None if not told else told[0]["finding_count"] == 0,
        "headsKept": last and last["heads_kept"],
        "stores": [_store(row) for row in await head_stores.kept(reader)],
        "findings": told[0]["findings"] if told else [],
        "findingCount": told[0]["finding_count"] if told else 0,
        "underWay": _under_way(under_way),
    }


def _store(row: Row) -> dict[str, Any]:
    since = [at for at in (row["waitsSince"], row["failingSince"]) if at is not None]
    return row | {"late": bool(since) and min(since) < clock.now() - LATE}


def _under_way(row: Row | None) -> dict[str, Any] | None:
    """What is new is verified in a moment, and nobody waits for it."""
    if row is None or not row["whole"]:
        return None
    return {"id": row["id"], "requestedAt": row["requested_at"], "position": row["position"], "total": row["total"]}


async def ask_for_all(uow: UnitOfWork, user_id: UUID) -> None:
    """The worker takes it up within a second or so."""
    head = await audit.head(uow)
    total = 0 if head is None else head[0]
    verification_id = new_id()
    if await verifications.ask(uow, verification_id, whole=True, requested_by=user_id, at=clock.now(), total=total):
        await record_audit(
            uow,
            action="audit.verify",
            resource_type="audit_log",
            resource_id=None,
            detail={"verificationId": str(verification_id), "total": total},
        )
