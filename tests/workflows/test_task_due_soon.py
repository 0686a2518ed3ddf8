"""The timer of a task, with fakes in place of the task's service."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.sales_activity.contract import TimerState
from services.contracts.processes import TaskDueInput
from services.kit.running import clock
from workflows.task_due_soon import TaskDueSoon

RunTimer = Callable[["FakeTask"], Awaitable[None]]


class FakeTask:
    """A task as the timer finds it; remembers what was told."""

    def __init__(self, due: timedelta = timedelta(seconds=1)) -> None:
        self.timer = TaskDueInput(task_id=uuid4(), due_date=clock.now() + due, lead_hours=24)
        self.due_date: datetime | None = self.timer.due_date
        self.lead_hours = 24
        self.told: list[str] = []
        self.failures = 0

    @activity.defn(name="sales_activity.notify_due_soon")
    async def notify_due_soon(self, timer: TaskDueInput) -> TimerState:
        return self._tell("due_soon", timer)

    @activity.defn(name="sales_activity.notify_overdue")
    async def notify_overdue(self, timer: TaskDueInput) -> TimerState:
        return self._tell("overdue", timer)

    def _tell(self, what: str, timer: TaskDueInput) -> TimerState:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        if self.due_date == timer.due_date:
            self.told.append(what)
        return TimerState(due_date=self.due_date, lead_hours=self.lead_hours)


@asynccontextmanager
async def serving(temporal: Client, task: FakeTask) -> AsyncIterator[str]:
    queue = f"timers-{task.timer.task_id}"
    async with Worker(
        temporal,
        task_queue=queue,
        workflows=[TaskDueSoon],
        activities=[task.notify_due_soon, task.notify_overdue],
    ):
        yield queue


@pytest.fixture
def run_timer(temporal: Client) -> RunTimer:
    async def run(task: FakeTask) -> None:
        async with serving(temporal, task) as queue:
            await temporal.execute_workflow(
                TaskDueSoon.run, task.timer, id=f"timer-{task.timer.task_id}", task_queue=queue
            )

    return run


async def test_it_tells_due_soon_then_overdue_not_before_the_due_date(run_timer: RunTimer) -> None:
    task = FakeTask()
    await run_timer(task)
    assert task.told == ["due_soon", "overdue"]
    assert clock.now() >= task.timer.due_date


async def test_it_ends_when_the_task_has_ended(run_timer: RunTimer) -> None:
    task = FakeTask()
    task.due_date = None
    await run_timer(task)
    assert task.told == []


@pytest.mark.parametrize("change", ["due_date", "lead_hours"])
async def test_it_leaves_a_moved_task_to_the_timer_that_replaced_it(run_timer: RunTimer, change: str) -> None:
    task = FakeTask(due=timedelta(days=1))
    if change == "due_date":
        task.due_date = task.timer.due_date + timedelta(days=1)
    else:
        task.lead_hours = 2
    await run_timer(task)
    assert "overdue" not in task.told


async def test_a_due_date_in_the_past_is_told_at_once(run_timer: RunTimer) -> None:
    task = FakeTask(due=timedelta(hours=-1))
    await run_timer(task)
    assert task.told == ["due_soon", "overdue"]


async def test_it_waits_for_a_database_that_is_away(run_timer: RunTimer) -> None:
    task = FakeTask()
    task.failures = 3
    await run_timer(task)
    assert task.told == ["due_soon", "overdue"]
