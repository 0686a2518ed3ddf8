"""Comparing tasks with the timers that Temporal holds, and mending the differences.

Intents make the two agree by themselves. This is for what no intent can foresee: a Temporal that lost its state, a
timer that somebody ended by hand. Starting a timer once too often is harmless, as the task remembers what was told.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from temporalio.client import Client

from services.contracts.processes import ProcessType, task_due_id
from services.kit.db.database import Database
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.sales_activity.repository import timers as repository
from services.sales_activity.service import timers

BATCH: Final = 500
GRACE: Final = timedelta(days=1)
"""A due date that passed longer ago is not told any more: it would be news of yesterday."""
RUNNING: Final = f'WorkflowType="{ProcessType.TASK_DUE_SOON}" AND ExecutionStatus="Running"'
_PREFIX: Final = task_due_id(UUID(int=0)).removesuffix(str(UUID(int=0)))
_FIRST: Final = UUID(int=0)


async def reconcile(db: Database, temporal: Client, report: Callable[[int], None]) -> tuple[int, int]:
    """Returns how many timers were started and how many ended. `report` is called between two batches."""
    running: set[UUID] = set()
    async for execution in temporal.list_workflows(RUNNING, page_size=BATCH):
        running.add(UUID(execution.id.removeprefix(_PREFIX)))
        if len(running) % BATCH == 0:
            report(len(running))
    started = await _start_missing(db, running, report)
    ended = await _end_pointless(db, running, report)
    return started, ended


async def _start_missing(db: Database, running: set[UUID], report: Callable[[int], None]) -> int:
    started = 0
    since = clock.now() - GRACE
    after: tuple[datetime, UUID] = (since, _FIRST)
    while True:
        async with db.reader() as reader:
            batch = await repository.awaiting(reader, since=since, after=after, limit=BATCH)
        missing = [task.id for task in batch if task.id not in running]
        if missing:
            async with db.transaction(ActorContext.system()) as uow:
                tasks = [task for task in await repository.lock_many(uow, missing) if timers.needs_timer(task)]
                await timers.start(uow, tasks)
            started += len(tasks)
        report(started)
        if len(batch) < BATCH:
            return started
        after = (batch[-1].due, batch[-1].id)


async def _end_pointless(db: Database, running: set[UUID], report: Callable[[int], None]) -> int:
    ended = 0
    ids = sorted(running)
    for first in range(0, len(ids), BATCH):
        async with db.reader() as reader:
            pointless = await repository.pointless(reader, ids[first : first + BATCH])
        if pointless:
            async with db.transaction(ActorContext.system()) as uow:
                await timers.end_of(uow, pointless)
            ended += len(pointless)
        report(ended)
    return ended
