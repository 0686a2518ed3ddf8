"""Hiding a customer's meetings and tasks in a deletion, and bringing back exactly those.

A hidden row is soft-deleted and stamped with the process that hid it. Its content version stays, so what a person
read before is still current when it comes back. Each function is one transaction over one portion of rows.
"""

from uuid import UUID

from services.contracts.events.sales import MeetingDeleted, MeetingRestored, TaskDeleted, TaskRestored
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.events.outbox import record_changes
from services.kit.running import clock
from services.sales_activity.events import meeting_event, task_event
from services.sales_activity.record import MeetingRecord, Record, TaskRecord
from services.sales_activity.repository import cascade
from services.sales_activity.service import successors, timers


async def hide(uow: UnitOfWork, customer_id: UUID, process_id: UUID, limit: int) -> int:
    """Hides up to `limit` live rows under the id of `process_id`; returns how many."""
    now = clock.now()
    meetings = await cascade.hide(
        uow, MeetingRecord, customer_id=customer_id, process_id=process_id, now=now, limit=limit
    )
    await record_changes(uow, table="meetings", events=[(r.id, meeting_event(MeetingDeleted, r)) for r in meetings])
    if len(meetings) == limit:
        return limit
    left = limit - len(meetings)
    tasks = await cascade.hide(uow, TaskRecord, customer_id=customer_id, process_id=process_id, now=now, limit=left)
    await record_changes(uow, table="tasks", events=[(r.id, task_event(TaskDeleted, r)) for r in tasks])
    await timers.end(uow, tasks)
    return len(meetings) + len(tasks)


async def reveal(uow: UnitOfWork, process_id: UUID, limit: int) -> int:
    """Brings back up to `limit` rows that `process_id` hid; whose owner left meanwhile comes to their successor."""
    meetings = await _reveal(uow, MeetingRecord, process_id, limit)
    if meetings:
        meetings = await successors.replace_attendees(uow, meetings)
    await record_changes(uow, table="meetings", events=[(r.id, meeting_event(MeetingRestored, r)) for r in meetings])
    if len(meetings) == limit:
        return limit
    tasks = await _reveal(uow, TaskRecord, process_id, limit - len(meetings))
    await record_changes(uow, table="tasks", events=[(r.id, task_event(TaskRestored, r)) for r in tasks])
    await timers.start(uow, tasks)
    return len(meetings) + len(tasks)


async def _reveal(uow: UnitOfWork, kind: type[Record], process_id: UUID, limit: int) -> list[Record]:
    hidden = await cascade.lock_hidden(uow, kind, process_id, limit)
    if not hidden:
        return []
    owners = await successors.owners_of(uow, kind, hidden)
    return await cascade.reveal(uow, kind, [record.id for record in hidden], owners)


async def live(reader: Reader, customer_id: UUID) -> int:
    """Meetings and tasks of the customer that are not deleted."""
    counts = await cascade.count_live(reader, customer_id)
    return int(counts["meetings"] + counts["tasks"])


async def still_hidden(reader: Reader, process_id: UUID) -> int:
    return await cascade.count_hidden(reader, process_id)
