"""Rows of legal holds."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.contracts.states import HoldOffice
from services.kit.db.database import Reader, Row, UnitOfWork

HELD = "EXISTS (SELECT 1 FROM legal_holds held WHERE held.approval_id = a.id AND held.released_at IS NULL)"
"""Condition on ``approvals a``: whether nothing may be deleted of it."""

_SHOWN = (
    'SELECT l.id, l.approval_id AS "approvalId", a.number, a.title, a.state, l.office, l.reason, l.set_by AS "setBy",'
    ' setter.name AS "setByName", l.set_at AS "setAt", l.released_by AS "releasedBy",'
    ' releaser.name AS "releasedByName", l.released_at AS "releasedAt", l.release_reason AS "releaseReason"'
    " FROM legal_holds l JOIN approvals a ON a.id = l.approval_id LEFT JOIN user_copies setter ON setter.id = l.set_by"
    " LEFT JOIN user_copies releaser ON releaser.id = l.released_by"
)


async def insert(uow: UnitOfWork, row: Row) -> None:
    await uow.execute(
        "INSERT INTO legal_holds (id, approval_id, office, reason, set_by, set_at) VALUES (%(id)s, %(approval_id)s,"
        " %(office)s, %(reason)s, %(set_by)s, %(set_at)s)",
        row,
    )


async def release(uow: UnitOfWork, hold_id: UUID, *, by: UUID, at: datetime, reason: str) -> None:
    await uow.execute(
        "UPDATE legal_holds SET released_by = %s, released_at = %s, release_reason = %s WHERE id = %s",
        [by, at, reason, hold_id],
    )


async def one(reader: Reader, hold_id: UUID) -> Row | None:
    return await reader.one(f"{_SHOWN} WHERE l.id = %s", [hold_id])


async def open_of(reader: Reader, approval_id: UUID) -> list[Row]:
    """Oldest first."""
    return await reader.all(
        f"{_SHOWN} WHERE l.approval_id = %s AND l.released_at IS NULL ORDER BY l.set_at, l.id", [approval_id]
    )


async def is_held(reader: Reader, approval_id: UUID) -> bool:
    found: bool = await reader.scalar(
        "SELECT EXISTS (SELECT 1 FROM legal_holds WHERE approval_id = %s AND released_at IS NULL)", [approval_id]
    )
    return found


async def is_held_by(reader: Reader, approval_id: UUID, office: HoldOffice) -> bool:
    found: bool = await reader.scalar(
        "SELECT EXISTS (SELECT 1 FROM legal_holds WHERE approval_id = %s AND office = %s AND released_at IS NULL)",
        [approval_id, office],
    )
    return found


async def count(reader: Reader) -> int:
    """Of the requests that are held."""
    found: int = await reader.scalar("SELECT count(DISTINCT approval_id) FROM legal_holds WHERE released_at IS NULL")
    return found


async def page(reader: Reader, *, after: Sequence[object] | None, limit: int) -> list[Row]:
    """Those that are not released, the newest first."""
    at, hold_id = after or (None, None)
    return await reader.all(
        f"{_SHOWN} WHERE l.released_at IS NULL"
        " AND (%(at)s::timestamptz IS NULL OR (l.set_at, l.id) < (%(at)s, %(after)s::uuid))"
        " ORDER BY l.set_at DESC, l.id DESC LIMIT %(limit)s",
        {"at": at, "after": hold_id, "limit": limit},
    )
