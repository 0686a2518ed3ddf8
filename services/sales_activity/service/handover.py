"""Handing a leaver's open tasks, meetings and attendances over to a successor, and giving them back.

Each function is one transaction over one portion of rows.
"""

from uuid import UUID

from services.contracts.events.sales import MeetingUpdated, TaskUpdated
from services.contracts.states import UserState
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.errors import Blocked
from services.kit.events.outbox import record_changes
from services.kit.running import clock
from services.sales_activity.errors import SuccessorRefused
from services.sales_activity.events import meeting_event, task_event
from services.sales_activity.record import MeetingRecord, TaskRecord
from services.sales_activity.references import Directory
from services.sales_activity.repository import copies, handover


async def choose_successor(
    uow: UnitOfWork, directory: Directory, *, user_id: UUID, successor_id: UUID | None, process_id: UUID
) -> UUID | None:
    """The named one, else the leaver's manager, locked against leaving; None if there is none and nothing to move.

    From here on rows of the leaver that come out of hiding go to the successor.
    """
    leaver = await copies.lock_leaver(uow, user_id)
    if successor_id is None and leaver is not None:
        successor_id = leaver["manager_id"]
    if successor_id is None:
        if await open_work(uow, user_id):
            raise SuccessorRefused
        return None
    await directory.ensure_user(uow, successor_id)
    rows = await copies.lock_users(uow, [successor_id])
    if not rows or successor_id == user_id or rows[0]["state"] in (UserState.DEACTIVATING, UserState.DELETED):
        raise SuccessorRefused
    if rows[0]["blocked_by_process"] is not None:
        raise Blocked(rows[0]["blocked_by_process"])
    await handover.record_succession(
        uow, process_id=process_id, user_id=user_id, successor_id=successor_id, now=clock.now()
    )
    return successor_id


async def reassign(uow: UnitOfWork, *, user_id: UUID, successor_id: UUID, process_id: UUID, limit: int) -> int:
    """Moves up to `limit` rows; returns how many."""
    move = {"user_id": user_id, "successor_id": successor_id}
    tasks = await handover.move_owner(uow, TaskRecord, **move, limit=limit)
    left = limit - len(tasks)
    meetings = await handover.move_owner(uow, MeetingRecord, **move, limit=left) if left else []
    left -= len(meetings)
    attended = await handover.lock_attended(uow, user_id, left) if left else []
    changed = await handover.replace_attendee(uow, [row["id"] for row in attended], user_id, successor_id)
    now = clock.now()
    moves = [(process_id, task.id, user_id, successor_id, False) for task in tasks]
    await handover.record_moves(uow, "task", moves, now)
    moves = [(process_id, meeting.id, user_id, successor_id, False) for meeting in meetings]
    await handover.record_moves(uow, "meeting", moves, now)
    merged = [(process_id, row["id"], user_id, successor_id, successor_id in row["attendee_ids"]) for row in attended]
    await handover.record_moves(uow, "attendance", merged, now)
    await _record(uow, tasks, [*meetings, *changed])
    return len(tasks) + len(meetings) + len(attended)


async def give_back(uow: UnitOfWork, *, deletion_id: UUID, process_id: UUID, limit: int) -> int:
    """Looks at up to `limit` moves of the deletion; what still belongs to the successor goes back. Returns how many
    moves were looked at. The user's rows that come out of hiding from now on stay theirs."""
    await handover.undo_succession(uow, process_id=deletion_id, undone_by=process_id)
    moves = await handover.claim_moves(uow, deletion_id=deletion_id, returned_by=process_id, limit=limit)
    of_kind: dict[str, list[Row]] = {"task": [], "meeting": [], "attendance": []}
    for move in moves:
        of_kind[move["kind"]].append(move)
    tasks = await handover.return_owner(uow, TaskRecord, of_kind["task"])
    meetings = await handover.return_owner(uow, MeetingRecord, of_kind["meeting"])
    meetings += await handover.return_attendance(uow, of_kind["attendance"])
    await _record(uow, tasks, meetings)
    return len(moves)


async def open_work(reader: Reader, user_id: UUID) -> int:
    """Open tasks, meetings and attendances that still name the user."""
    counts = await handover.count_open(reader, user_id)
    return int(counts["tasks"] + counts["meetings"] + counts["attendances"])


async def unreturned(reader: Reader, deletion_id: UUID) -> int:
    return await handover.count_unreturned(reader, deletion_id)


async def _record(uow: UnitOfWork, tasks: list[TaskRecord], meetings: list[MeetingRecord]) -> None:
    await record_changes(uow, table="tasks", events=[(task.id, task_event(TaskUpdated, task)) for task in tasks])
    latest = {meeting.id: meeting for meeting in meetings}
    await record_changes(
        uow, table="meetings", events=[(key, meeting_event(MeetingUpdated, meeting)) for key, meeting in latest.items()]
    )
