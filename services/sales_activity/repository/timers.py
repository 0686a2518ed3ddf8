"""Queries of the timers of tasks."""

from datetime import datetime
from uuid import UUID

from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.sales_activity.record import TaskRecord


async def lock(uow: UnitOfWork, task_id: UUID) -> TaskRecord | None:
    row = await uow.one("SELECT * FROM tasks WHERE id = %s FOR UPDATE", [task_id])
    return None if row is None else TaskRecord.from_row(row)


async def told_due_soon(uow: UnitOfWork, task_id: UUID, due_date: datetime) -> None:
    await uow.execute("UPDATE tasks SET due_soon_for = %s WHERE id = %s", [due_date, task_id])


async def told_overdue(uow: UnitOfWork, task_id: UUID, due_date: datetime) -> None:
    await uow.execute(
        "UPDATE tasks SET overdue_for = %(due)s, due_soon_for = %(due)s WHERE id = %(id)s",
        {"id": task_id, "due": due_date},
    )


async def awaiting(reader: Reader, *, since: datetime, after: tuple[datetime, UUID], limit: int) -> list[TaskRecord]:
    """Tasks due after `since` whose timer has something left to tell, in the order of due date and id.

    A task with an undelivered intent is left out: the relay is about to deal with its timer.
    """
    rows = await reader.all(
        "SELECT t.* FROM tasks AS t WHERE t.deleted_at IS NULL AND t.timed AND t.due_date > %(since)s"
        " AND (t.due_date, t.id) > (%(due)s, %(id)s)"
        " AND NOT EXISTS (SELECT FROM intents AS i"
        " WHERE i.workflow_id = 'task-due:' || t.id AND i.delivered_at IS NULL)"
        " ORDER BY t.due_date, t.id LIMIT %(limit)s",
        {"since": since, "due": after[0], "id": after[1], "limit": limit},
    )
    return [TaskRecord.from_row(row) for row in rows]


async def pointless(reader: Reader, task_ids: list[UUID]) -> list[UUID]:
    """Which of these tasks need no timer (any more)."""
    rows = await reader.all(
        "SELECT u.id FROM unnest(%s::uuid[]) AS u (id)"
        " WHERE NOT EXISTS (SELECT FROM tasks AS t WHERE t.id = u.id AND t.timed AND t.deleted_at IS NULL)",
        [task_ids],
    )
    return [row["id"] for row in rows]


async def lock_many(uow: UnitOfWork, task_ids: list[UUID]) -> list[TaskRecord]:
    rows = await uow.all("SELECT * FROM tasks WHERE id = ANY(%s) ORDER BY id FOR SHARE", [task_ids])
    return [TaskRecord.from_row(row) for row in rows]
