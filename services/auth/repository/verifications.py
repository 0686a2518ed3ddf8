"""Recomputations of the audit chain: what was asked for, how far it is, and what it found."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from psycopg.types.json import Jsonb

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork

_UNDER_WAY: Final = "SELECT * FROM audit_verifications WHERE finished_at IS NULL"
_LAST: Final = "SELECT * FROM audit_verifications WHERE finished_at IS NOT NULL"


async def under_way(reader: Reader) -> Row | None:
    """The one that was asked for or runs. There is at most one of the whole, which goes first, and one of a part."""
    return await reader.one(f"{_UNDER_WAY} ORDER BY whole DESC LIMIT 1")


async def last(reader: Reader, *, whole: bool = False) -> Row | None:
    """The newest that has finished; ``whole``: of those from the beginning of the chain."""
    return await reader.one(f"{_LAST}{' AND whole' if whole else ''} ORDER BY finished_at DESC, id DESC LIMIT 1")


async def ask(
    uow: UnitOfWork, verification_id: UUID, *, whole: bool, requested_by: UUID | None, at: datetime, total: int
) -> bool:
    """False when such a one is under way already."""
    added = await uow.execute(
        "INSERT INTO audit_verifications (id, whole, requested_by, requested_at, position, total)"
        " VALUES (%s, %s, %s, %s, 0, %s) ON CONFLICT DO NOTHING",
        [verification_id, whole, requested_by, at, total],
    )
    return added == 1


async def advance(uow: UnitOfWork, verification_id: UUID, position: int, total: int) -> None:
    await uow.execute(
        "UPDATE audit_verifications SET position = %s, total = greatest(total, %s) WHERE id = %s",
        [position, total, verification_id],
    )


async def finish(
    uow: UnitOfWork,
    verification_id: UUID,
    *,
    position: int,
    checkpoint: dict[str, Any],
    findings: Sequence[dict[str, Any]],
    finding_count: int,
    heads_kept: bool,
    at: datetime,
) -> None:
    await uow.execute(
        "UPDATE audit_verifications SET position = %s, checkpoint = %s, findings = %s, finding_count = %s,"
        " heads_kept = %s, finished_at = %s WHERE id = %s AND finished_at IS NULL",
        [position, Jsonb(checkpoint), Jsonb(list(findings)), finding_count, heads_kept, at, verification_id],
    )


async def forget(uow: UnitOfWork, before: datetime) -> None:
    """Parts that found nothing; what found something, and what recomputed everything, stays."""
    await uow.execute(
        "DELETE FROM audit_verifications v WHERE finished_at < %s AND NOT whole AND finding_count = 0"
        " AND EXISTS (SELECT FROM audit_verifications newer WHERE newer.finished_at > v.finished_at)",
        [before],
    )
