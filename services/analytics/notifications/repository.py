"""Queries on notifications and preferences; always within one recipient's own."""

from collections.abc import Iterable
from datetime import timedelta
from typing import Final
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.running import clock

CLOSED_LATELY: Final = timedelta(seconds=30)
"""Longer than a batch takes from closing a notice to its commit. Whom it wakes in vain looks once and says nothing."""

_COLUMNS = (
    'n.id, n.seq, n.type, n.params, n.resource_type AS "resourceType", n.resource_id AS "resourceId",'
    ' n.read_at AS "readAt", n.created_at AS "createdAt", c.name AS customer,'
    " absent.name AS absent, stand_in.name AS proxy"
)
_FROM = (
    "FROM notifications n LEFT JOIN customer_copies c ON c.id = n.customer_id AND c.state <> 'PURGED'"
    " LEFT JOIN user_copies absent ON absent.id = (n.params ->> 'fromId')::uuid"
    " LEFT JOIN user_copies stand_in ON stand_in.id = (n.params ->> 'toId')::uuid"
    " WHERE n.recipient_id = %(recipient)s AND n.deleted_at IS NULL"
)
_SELECT = f"SELECT {_COLUMNS} {_FROM}"


async def newest(
    reader: Reader, recipient: UUID, *, unread: bool | None, kind: str | None, before: int | None, limit: int
) -> list[Row]:
    """Newest first. ``unread`` True: only those; False: only read ones. ``before``: a sequence number."""
    conditions = ""
    if unread is not None:
        conditions += " AND n.read_at IS NULL" if unread else " AND n.read_at IS NOT NULL"
    if kind is not None:
        conditions += " AND n.type = %(kind)s"
    if before is not None:
        conditions += " AND n.seq < %(before)s"
    params = {"recipient": recipient, "kind": kind, "before": before, "limit": limit}
    return await reader.all(f"{_SELECT}{conditions} ORDER BY n.seq DESC LIMIT %(limit)s", params)


async def since(reader: Reader, recipient: UUID, after: int, limit: int) -> list[Row]:
    """In the order in which they were made."""
    params = {"recipient": recipient, "after": after, "limit": limit}
    return await reader.all(f"{_SELECT} AND n.seq > %(after)s ORDER BY n.seq LIMIT %(limit)s", params)


async def one(reader: Reader, recipient: UUID, notification_id: UUID) -> Row | None:
    return await reader.one(f"{_SELECT} AND n.id = %(id)s", {"recipient": recipient, "id": notification_id})


async def unread_count(reader: Reader, recipient: UUID) -> int:
    counted: int = await reader.scalar(
        "SELECT count(*) FROM notifications WHERE recipient_id = %s AND deleted_at IS NULL AND read_at IS NULL",
        [recipient],
    )
    return counted


async def last_seq(reader: Reader) -> int:
    last: int = await reader.scalar("SELECT coalesce(max(seq), 0) FROM notifications")
    return last


async def recipients_since(reader: Reader, after: int) -> tuple[int, list[UUID]]:
    """The last sequence number, and for whom something was made after the given one, or closed a moment ago."""
    rows = await reader.all(
        "SELECT recipient_id, max(seq) AS seq FROM notifications WHERE seq > %s GROUP BY recipient_id", [after]
    )
    closed = await reader.all(
        "SELECT DISTINCT recipient_id FROM notifications WHERE closed_at > %s", [clock.now() - CLOSED_LATELY]
    )
    last = max((row["seq"] for row in rows), default=after)
    return last, sorted({row["recipient_id"] for row in (*rows, *closed)})


async def mark_read(uow: UnitOfWork, recipient: UUID, notification_id: UUID) -> None:
    """Keeps the time of the first reading."""
    await uow.execute(
        "UPDATE notifications SET read_at = coalesce(read_at, %s)"
        " WHERE id = %s AND recipient_id = %s AND deleted_at IS NULL",
        [clock.now(), notification_id, recipient],
    )


async def mark_all_read(uow: UnitOfWork, recipient: UUID) -> int:
    return await uow.execute(
        "UPDATE notifications SET read_at = %s WHERE recipient_id = %s AND deleted_at IS NULL AND read_at IS NULL",
        [clock.now(), recipient],
    )


async def delete(uow: UnitOfWork, recipient: UUID, notification_id: UUID) -> bool:
    """The row stays, so that its event can't make the notification again."""
    changed = await uow.execute(
        "UPDATE notifications SET deleted_at = %s, params = '{}'"
        " WHERE id = %s AND recipient_id = %s AND deleted_at IS NULL",
        [clock.now(), notification_id, recipient],
    )
    return changed > 0


async def preferences(reader: Reader, user_id: UUID) -> dict[str, Row]:
    """``in_app`` and ``mail`` by type, those that were set; ``mail`` None is as the firm has it."""
    rows = await reader.all("SELECT type, in_app, mail FROM notification_preferences WHERE user_id = %s", [user_id])
    return {row["type"]: row for row in rows}


async def set_preferences(uow: UnitOfWork, user_id: UUID, chosen: Iterable[tuple[str, bool, bool | None]]) -> None:
    """By type: in the app, and by mail; None leaves the mail as it is."""
    by_type = {kind: (in_app, mail) for kind, in_app, mail in chosen}
    await uow.execute(
        "INSERT INTO notification_preferences AS p (user_id, type, in_app, mail, updated_at)"
        " SELECT %(user)s, type, in_app, mail, %(now)s"
        " FROM unnest(%(types)s::text[], %(in_app)s::boolean[], %(mail)s::boolean[]) AS chosen (type, in_app, mail)"
        " ON CONFLICT (user_id, type) DO UPDATE SET in_app = excluded.in_app,"
        " mail = coalesce(excluded.mail, p.mail), updated_at = excluded.updated_at",
        {
            "user": user_id,
            "now": clock.now(),
            "types": list(by_type),
            "in_app": [in_app for in_app, _ in by_type.values()],
            "mail": [mail for _, mail in by_type.values()],
        },
    )
