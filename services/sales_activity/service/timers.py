"""Timers of tasks: each task that still has something to announce has one workflow `task-due:{taskId}` waiting.

Only intents are written here; the relay tells Temporal. The workflow re-reads the task when it fires, so a timer
that Temporal still holds for a moment after its task changed announces nothing wrong.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from services.contracts.events.sales import TaskDueSoon, TaskOverdue
from services.contracts.processes import ProcessType, TaskDueInput, TaskQueue, task_due_id
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.outbox import record_fact
from services.kit.processes.intents import SearchAttributes, StartIntent, start_workflows, terminate_workflows
from services.kit.running import clock
from services.sales_activity.events import timer_event
from services.sales_activity.record import TaskRecord
from services.sales_activity.repository import timers

ENDED = "the task has nothing left to announce"
URGENT_WITHIN = timedelta(minutes=15)
"""In this time the bulk lane starts tens of thousands of timers (measured: 40 to 80 a second)."""


def needs_timer(task: TaskRecord) -> bool:
    return task.timed and task.deleted_at is None


def already_past(due_date: datetime | None) -> datetime | None:
    """A due date that has passed when it is set is never announced as soon: it counts as told."""
    return due_date if due_date is not None and due_date <= clock.now() else None


async def start(uow: UnitOfWork, tasks: Sequence[TaskRecord]) -> None:
    """Starts or replaces the timers of these tasks; those that need none are passed over.

    What fires soon does not stand in line behind thousands that fire in weeks.
    """
    soon: list[StartIntent] = []
    later: list[StartIntent] = []
    horizon = clock.now() + URGENT_WITHIN
    for intent in (_intent(task) for task in tasks if needs_timer(task)):
        (soon if intent.start_at is None or intent.start_at <= horizon else later).append(intent)
    await start_workflows(uow, soon, lane="signal")
    await start_workflows(uow, later, lane="timer")


async def end(uow: UnitOfWork, tasks: Sequence[TaskRecord]) -> None:
    """Ends the timers of these tasks. `tasks` as they were before the change that makes the timers pointless."""
    await end_of(uow, [task.id for task in tasks if task.timed])


async def end_of(uow: UnitOfWork, task_ids: Sequence[UUID]) -> None:
    await terminate_workflows(uow, [task_due_id(task_id) for task_id in task_ids], reason=ENDED, lane="timer")


async def follow(uow: UnitOfWork, before: TaskRecord, after: TaskRecord) -> None:
    """Makes the timer fit the task after a change of it."""
    if needs_timer(after):
        same = (before.due_date, before.lead_hours) == (after.due_date, after.lead_hours)
        if not (same and needs_timer(before)):
            await start(uow, [after])
    elif needs_timer(before):
        await end(uow, [before])


def _intent(task: TaskRecord) -> StartIntent:
    due = task.due
    told = task.due_soon_for == due
    return StartIntent(
        workflow=ProcessType.TASK_DUE_SOON,
        workflow_id=task_due_id(task.id),
        task_queue=TaskQueue.SALES_ACTIVITY,
        argument=TaskDueInput(task_id=task.id, due_date=due, lead_hours=task.lead_hours),
        search=SearchAttributes(process_type=ProcessType.TASK_DUE_SOON, resource_id=task.id),
        summary=f"Task {task.id}: due {due.isoformat()}",
        start_at=due if told else due - timedelta(hours=task.lead_hours),
        replace=True,
    )


async def notify_due_soon(uow: UnitOfWork, timer: TaskDueInput) -> TaskRecord | None:
    """Announces the task unless it ended, moved or was announced for this due date. The task, None if it ended."""
    task = await timers.lock(uow, timer.task_id)
    if task is None or not needs_timer(task):
        return None
    if task.due_date == timer.due_date and task.due_soon_for != timer.due_date:
        await timers.told_due_soon(uow, timer.task_id, timer.due_date)
        await record_fact(uow, aggregate_id=timer.task_id, event=timer_event(TaskDueSoon, task, timer.due_date))
    return task


async def notify_overdue(uow: UnitOfWork, timer: TaskDueInput) -> TaskRecord | None:
    """Likewise when the due date has passed."""
    task = await timers.lock(uow, timer.task_id)
    if task is None or not needs_timer(task):
        return None
    if task.due_date == timer.due_date:
        await timers.told_overdue(uow, timer.task_id, timer.due_date)
        await record_fact(uow, aggregate_id=timer.task_id, event=timer_event(TaskOverdue, task, timer.due_date))
    return task
