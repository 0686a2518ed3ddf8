"""Set-based queries of the processes that hide meetings and tasks of a customer and bring them back."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.sales_activity.record import Record


async def hide(
    uow: UnitOfWork, kind: type[Record], *, customer_id: UUID, process_id: UUID, now: datetime, limit: int
) -> list[Record]:
    """Stamps up to `limit` live rows of the customer; returns them as they are then."""
    rows = await uow.all(
        f"UPDATE {kind.TABLE} AS r SET deleted_at = %(now)s, hidden_by_process = %(process)s"  # noqa: S608 - a closed set
        f" FROM (SELECT id FROM {kind.TABLE} WHERE customer_id = %(customer)s AND deleted_at IS NULL"
        " ORDER BY id LIMIT %(limit)s FOR UPDATE) AS chosen WHERE r.id = chosen.id RETURNING r.*",
        {"customer": customer_id, "process": process_id, "now": now, "limit": limit},
    )
    return [kind.from_row(row) for row in rows]


async def lock_hidden(uow: UnitOfWork, kind: type[Record], process_id: UUID, limit: int) -> list[Record]:
    """Up to `limit` rows that this process hid."""
    rows = await uow.all(
        f"SELECT * FROM {kind.TABLE} WHERE hidden_by_process = %s ORDER BY id LIMIT %s FOR UPDATE",  # noqa: S608
        [process_id, limit],
    )
    return [kind.from_row(row) for row in rows]


async def reveal(uow: UnitOfWork, kind: type[Record], ids: Sequence[UUID], owners: Sequence[UUID]) -> list[Record]:
    """Brings these rows back, each with the owner that stands at its place."""
    rows = await uow.all(
        f"UPDATE {kind.TABLE} AS r SET deleted_at = NULL, hidden_by_process = NULL, user_id = chosen.owner"  # noqa: S608
        " FROM unnest(%s::uuid[], %s::uuid[]) AS chosen (id, owner) WHERE r.id = chosen.id RETURNING r.*",
        [list(ids), list(owners)],
    )
    return [kind.from_row(row) for row in rows]


async def count_live(reader: Reader, customer_id: UUID) -> Row:
    row = await reader.one(
        "SELECT (SELECT count(*) FROM meetings WHERE customer_id = %(id)s AND deleted_at IS NULL) AS meetings,"
        " (SELECT count(*) FROM tasks WHERE customer_id = %(id)s AND deleted_at IS NULL) AS tasks",
        {"id": customer_id},
    )
    assert row is not None
    return row


async def count_hidden(reader: Reader, process_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT (SELECT count(*) FROM meetings WHERE hidden_by_process = %(id)s)"
        " + (SELECT count(*) FROM tasks WHERE hidden_by_process = %(id)s)",
        {"id": process_id},
    )
    return count
