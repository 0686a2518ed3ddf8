"""Set-based queries of the processes that move a user's open work to a successor and give it back.

Open work is what still lies ahead: tasks OPEN or IN_PROGRESS and meetings PLANNED. What ended keeps the name of
whoever did it.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.sales_activity.record import MeetingRecord, Record

Kind = Literal["task", "meeting", "attendance"]
OPEN_ROWS: Final = {"tasks": "state IN ('OPEN', 'IN_PROGRESS')", "meetings": "state = 'PLANNED'"}
NOT_REMOVED: Final = "(deleted_at IS NULL OR hidden_by_process IS NOT NULL)"
"""Live, or hidden by a process that may bring it back."""


async def record_succession(
    uow: UnitOfWork, *, process_id: UUID, user_id: UUID, successor_id: UUID, now: datetime
) -> None:
    await uow.execute(
        "INSERT INTO successions (process_id, user_id, successor_id, at) VALUES (%s, %s, %s, %s)"
        " ON CONFLICT DO NOTHING",
        [process_id, user_id, successor_id, now],
    )


async def undo_succession(uow: UnitOfWork, *, process_id: UUID, undone_by: UUID) -> None:
    await uow.execute(
        "UPDATE successions SET undone_by = %s WHERE process_id = %s AND undone_by IS NULL", [undone_by, process_id]
    )


async def successions_of(uow: UnitOfWork, user_ids: Sequence[UUID]) -> list[Row]:
    """Whose work was handed over to whom, by which process, and not given back."""
    return await uow.all(
        "SELECT DISTINCT ON (user_id) user_id, successor_id, process_id FROM successions"
        " WHERE user_id = ANY(%s) AND undone_by IS NULL ORDER BY user_id, at DESC",
        [list(user_ids)],
    )


async def record_moves(
    uow: UnitOfWork, kind: Kind, moves: Sequence[tuple[UUID, UUID, UUID, UUID, bool]], now: datetime
) -> None:
    """Each move: process, record, from, to, and whether the successor attended already."""
    if not moves:
        return
    processes, records, givers, takers, merged = zip(*moves, strict=True)
    await uow.execute(
        "INSERT INTO moves (process_id, kind, record_id, from_id, to_id, merged, at)"
        " SELECT process_id, %(kind)s, record_id, from_id, to_id, merged, %(now)s FROM unnest(%(processes)s::uuid[],"
        " %(records)s::uuid[], %(givers)s::uuid[], %(takers)s::uuid[], %(merged)s::bool[])"
        " AS m (process_id, record_id, from_id, to_id, merged) ON CONFLICT DO NOTHING",
        {
            "kind": kind,
            "now": now,
            "processes": list(processes),
            "records": list(records),
            "givers": list(givers),
            "takers": list(takers),
            "merged": list(merged),
        },
    )


async def move_owner(
    uow: UnitOfWork, kind: type[Record], *, user_id: UUID, successor_id: UUID, limit: int
) -> list[Record]:
    """Up to `limit` open rows change hands; returns them as they are then."""
    rows = await uow.all(
        f"UPDATE {kind.TABLE} AS r SET user_id = %(successor)s FROM (SELECT id FROM {kind.TABLE}"  # noqa: S608 - a closed set
        f" WHERE user_id = %(user)s AND deleted_at IS NULL AND {OPEN_ROWS[kind.TABLE]}"
        " ORDER BY id LIMIT %(limit)s FOR UPDATE) AS chosen WHERE r.id = chosen.id RETURNING r.*",
        {"user": user_id, "successor": successor_id, "limit": limit},
    )
    return [kind.from_row(row) for row in rows]


async def lock_attended(uow: UnitOfWork, user_id: UUID, limit: int) -> list[Row]:
    """Open meetings that the user attends."""
    return await uow.all(
        "SELECT id, attendee_ids FROM meetings WHERE attendee_ids @> ARRAY[%(user)s::uuid]"
        " AND deleted_at IS NULL AND state = 'PLANNED' ORDER BY id LIMIT %(limit)s FOR UPDATE",
        {"user": user_id, "limit": limit},
    )


async def replace_attendee(
    uow: UnitOfWork, meeting_ids: Sequence[UUID], gone: UUID, successor: UUID
) -> list[MeetingRecord]:
    """The successor takes the place of the one who left; who attended anyway stands in the list once."""
    rows = await uow.all(
        "UPDATE meetings SET attendee_ids = CASE WHEN attendee_ids @> ARRAY[%(to)s::uuid]"
        " THEN array_remove(attendee_ids, %(gone)s::uuid)"
        " ELSE array_replace(attendee_ids, %(gone)s::uuid, %(to)s::uuid) END"
        " WHERE id = ANY(%(ids)s) AND attendee_ids @> ARRAY[%(gone)s::uuid] RETURNING *",
        {"ids": list(meeting_ids), "gone": gone, "to": successor},
    )
    return [MeetingRecord.from_row(row) for row in rows]


async def claim_moves(uow: UnitOfWork, *, deletion_id: UUID, returned_by: UUID, limit: int) -> list[Row]:
    """Up to `limit` moves of the deletion that were not looked at yet; each is looked at once."""
    return await uow.all(
        "UPDATE moves AS m SET returned_by = %(by)s FROM (SELECT process_id, kind, record_id FROM moves"
        " WHERE process_id = %(deletion)s AND returned_by IS NULL ORDER BY kind, record_id LIMIT %(limit)s FOR UPDATE)"
        " AS chosen WHERE m.process_id = chosen.process_id AND m.kind = chosen.kind"
        " AND m.record_id = chosen.record_id RETURNING m.*",
        {"deletion": deletion_id, "by": returned_by, "limit": limit},
    )


async def return_owner(uow: UnitOfWork, kind: type[Record], moves: Sequence[Row]) -> list[Record]:
    """Gives back open rows that still belong to whom they were given; returns those rows."""
    rows = await uow.all(
        f"UPDATE {kind.TABLE} AS r SET user_id = m.from_id"  # noqa: S608
        " FROM unnest(%(records)s::uuid[], %(givers)s::uuid[], %(takers)s::uuid[]) AS m (record_id, from_id, to_id)"
        f" WHERE r.id = m.record_id AND r.user_id = m.to_id AND {OPEN_ROWS[kind.TABLE]} AND {NOT_REMOVED}"
        " RETURNING r.*",
        _columns(moves),
    )
    return [kind.from_row(row) for row in rows]


async def return_attendance(uow: UnitOfWork, moves: Sequence[Row]) -> list[MeetingRecord]:
    """Puts who left back into the list: in place of the successor, or beside them if they attended anyway."""
    rows = await uow.all(
        "UPDATE meetings AS r SET attendee_ids = CASE WHEN m.merged"  # noqa: S608
        " THEN array_append(array_remove(r.attendee_ids, m.from_id), m.from_id)"
        " ELSE array_replace(array_remove(r.attendee_ids, m.from_id), m.to_id, m.from_id) END"
        " FROM unnest(%(records)s::uuid[], %(givers)s::uuid[], %(takers)s::uuid[], %(merged)s::bool[])"
        " AS m (record_id, from_id, to_id, merged) WHERE r.id = m.record_id"
        f" AND r.attendee_ids @> ARRAY[m.to_id] AND r.state = 'PLANNED' AND {NOT_REMOVED} RETURNING r.*",
        _columns(moves),
    )
    return [MeetingRecord.from_row(row) for row in rows]


async def count_open(reader: Reader, user_id: UUID) -> Row:
    """Open tasks, meetings and attendances of a user."""
    row = await reader.one(
        f"SELECT (SELECT count(*) FROM tasks WHERE user_id = %(id)s AND deleted_at IS NULL"  # noqa: S608
        f" AND {OPEN_ROWS['tasks']}) AS tasks, (SELECT count(*) FROM meetings WHERE user_id = %(id)s"
        f" AND deleted_at IS NULL AND {OPEN_ROWS['meetings']}) AS meetings, (SELECT count(*) FROM meetings"
        " WHERE attendee_ids @> ARRAY[%(id)s::uuid] AND deleted_at IS NULL AND state = 'PLANNED') AS attendances",
        {"id": user_id},
    )
    assert row is not None
    return row


async def count_unreturned(reader: Reader, deletion_id: UUID) -> int:
    count: int = await reader.scalar(
        "SELECT count(*) FROM moves WHERE process_id = %s AND returned_by IS NULL", [deletion_id]
    )
    return count


def _columns(moves: Sequence[Row]) -> dict[str, list[object]]:
    return {
        "records": [move["record_id"] for move in moves],
        "givers": [move["from_id"] for move in moves],
        "takers": [move["to_id"] for move in moves],
        "merged": [move["merged"] for move in moves],
    }
