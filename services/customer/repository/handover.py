"""Rows of a leaver's handover: in slices, each found by what it still looks like."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from services.customer.record import COLUMNS, CustomerRecord
from services.kit.db.unit_of_work import Reader, UnitOfWork

KIND: Final = "customer"
_MOVABLE: Final = "state IN ('ACTIVE', 'DELETED')"
"""Those in DELETING or RESTORING are held by another process and waited for."""
_REFERRING: Final = "state NOT IN ('PURGING', 'PURGED')"


async def lock_movable(uow: UnitOfWork, user_id: UUID, limit: int) -> list[CustomerRecord]:
    """Customers of the user that can be moved now, in the order of their ids."""
    rows = await uow.all(
        f"SELECT {COLUMNS} FROM customers WHERE assigned_sales_id = %s AND {_MOVABLE}"  # noqa: S608
        " ORDER BY id LIMIT %s FOR UPDATE",
        [user_id, limit],
    )
    return [CustomerRecord.from_row(row) for row in rows]


async def count(reader: Reader, user_id: UUID) -> int:
    """Customers of the user that are not erased."""
    statement = f"SELECT count(*) FROM customers WHERE assigned_sales_id = %s AND {_REFERRING}"  # noqa: S608
    return int(await reader.scalar(statement, [user_id]))


async def record_moves(
    uow: UnitOfWork, process_id: UUID, ids: Sequence[UUID], from_id: UUID, to_id: UUID, now: datetime
) -> None:
    """Note where the customers came from, for the undo. A customer that a process moved twice keeps its first move."""
    await uow.execute(
        "INSERT INTO reassignments (process_id, kind, resource_id, from_id, to_id, moved_at)"
        " SELECT %(process)s, %(kind)s, id, %(from)s, %(to)s, %(now)s FROM unnest(%(ids)s::uuid[]) AS id"
        " ON CONFLICT DO NOTHING",
        {"process": process_id, "kind": KIND, "ids": list(ids), "from": from_id, "to": to_id, "now": now},
    )


async def assign(uow: UnitOfWork, ids: Sequence[UUID], to_ids: Sequence[UUID], now: datetime) -> list[CustomerRecord]:
    """Put others in charge. The content version stays, as it does in all that processes do. In the order of the ids."""
    names = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))
    rows = await uow.all(
        "WITH moved AS (UPDATE customers AS c SET assigned_sales_id = target.to_id, updated_at = %(now)s"  # noqa: S608
        " FROM unnest(%(ids)s::uuid[], %(to)s::uuid[]) AS target (id, to_id)"
        f" WHERE c.id = target.id RETURNING {names}) SELECT * FROM moved ORDER BY id",
        {"ids": list(ids), "to": list(to_ids), "now": now},
    )
    return [CustomerRecord.from_row(row) for row in rows]


async def lock_open_moves(
    uow: UnitOfWork, deletion_process_id: UUID, limit: int
) -> list[tuple[CustomerRecord, UUID, UUID]]:
    """Moves that the undo has not looked at, with their customers (locked), `from_id` and `to_id`.

    Moves whose customer is held by another process are left for later.
    """
    names = ", ".join(f"c.{name}" for name in COLUMNS.split(", "))
    rows = await uow.all(
        f"SELECT {names}, r.from_id, r.to_id FROM reassignments r JOIN customers c ON c.id = r.resource_id"  # noqa: S608
        f" WHERE r.process_id = %s AND r.kind = %s AND r.settled_at IS NULL AND NOT c.state IN"
        " ('DELETING', 'RESTORING') ORDER BY c.id LIMIT %s FOR UPDATE OF c, r",
        [deletion_process_id, KIND, limit],
    )
    return [(CustomerRecord.from_row(row), row["from_id"], row["to_id"]) for row in rows]


async def settle(uow: UnitOfWork, deletion_process_id: UUID, ids: Sequence[UUID], now: datetime) -> None:
    await uow.execute(
        "UPDATE reassignments SET settled_at = %s WHERE process_id = %s AND kind = %s AND resource_id = ANY(%s)",
        [now, deletion_process_id, KIND, list(ids)],
    )


async def count_open_moves(reader: Reader, deletion_process_id: UUID) -> int:
    statement = "SELECT count(*) FROM reassignments WHERE process_id = %s AND kind = %s AND settled_at IS NULL"
    return int(await reader.scalar(statement, [deletion_process_id, KIND]))
