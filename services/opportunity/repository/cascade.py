"""Which requests a customer's deletion or restoration moves; the predicate itself is the cursor."""

from collections.abc import Sequence
from uuid import UUID

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, Row

TO_HOLD = [ApprovalState.DRAFT.value, ApprovalState.PENDING.value, ApprovalState.RETURNED.value]
_COLUMNS = "id, number, generation, state, state_before"


async def to_hold(reader: Reader, customer_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(
        "SELECT id FROM approvals WHERE customer_id = %s AND state = ANY(%s) ORDER BY id LIMIT %s",
        [customer_id, TO_HOLD, limit],
    )
    return [row["id"] for row in rows]


async def held(reader: Reader, process_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all("SELECT id FROM approvals WHERE held_by = %s ORDER BY id LIMIT %s", [process_id, limit])
    return [row["id"] for row in rows]


async def cancelled(reader: Reader, deletion_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(
        "SELECT id FROM approvals WHERE cancelled_by = %s ORDER BY id LIMIT %s", [deletion_id, limit]
    )
    return [row["id"] for row in rows]


async def restored(reader: Reader, restoration_id: UUID, limit: int) -> list[UUID]:
    rows = await reader.all(
        "SELECT id FROM approvals WHERE restored_by = %s AND state = ANY(%s) ORDER BY id LIMIT %s",
        [restoration_id, [*TO_HOLD, ApprovalState.ON_HOLD.value], limit],
    )
    return [row["id"] for row in rows]


async def briefly(reader: Reader, ids: Sequence[UUID]) -> list[Row]:
    """Generation and state of each: what tells how to reach it."""
    return await reader.all(
        f"SELECT {_COLUMNS} FROM approvals WHERE id = ANY(%s) ORDER BY id",  # noqa: S608
        [list(ids)],
    )


async def count_to_hold(reader: Reader, customer_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM approvals WHERE customer_id = %s AND state = ANY(%s)", [customer_id, TO_HOLD]
    )
    return count


async def count_not_held_by(reader: Reader, customer_id: UUID, process_id: UUID) -> int:
    """Open requests and drafts of the customer that this process does not hold."""
    count: int = await reader.scalar(
        "SELECT count(*) FROM approvals WHERE customer_id = %s AND state = ANY(%s) AND held_by IS DISTINCT FROM %s",
        [customer_id, [*TO_HOLD, ApprovalState.ON_HOLD.value], process_id],
    )
    return count


async def count_held(reader: Reader, process_id: UUID) -> int:
    count: int = await reader.scalar("SELECT count(*) FROM approvals WHERE held_by = %s", [process_id])
    return count


async def count_cancelled(reader: Reader, deletion_id: UUID) -> int:
    count: int = await reader.scalar("SELECT count(*) FROM approvals WHERE cancelled_by = %s", [deletion_id])
    return count


async def count_restored(reader: Reader, restoration_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM approvals WHERE restored_by = %s AND state = ANY(%s)",
        [restoration_id, [*TO_HOLD, ApprovalState.ON_HOLD.value]],
    )
    return count


async def open_by_state(reader: Reader, customer_id: UUID) -> Row:
    row = await reader.one(
        "SELECT count(*) FILTER (WHERE state <> 'DRAFT') AS approvals,"
        " count(*) FILTER (WHERE state = 'DRAFT') AS approval_drafts"
        " FROM approvals WHERE customer_id = %s AND state = ANY(%s)",
        [customer_id, [*TO_HOLD, ApprovalState.ON_HOLD.value]],
    )
    assert row is not None
    return row
