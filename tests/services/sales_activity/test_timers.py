"""Timers of tasks on a real Temporal: what a user is told, and that it is told once."""

import asyncio
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import Any
from uuid import UUID

from temporalio.client import Client
from temporalio.testing import ActivityEnvironment

from services.contracts.processes import TaskDueInput, task_due_id
from services.kit.running import clock
from tests.services.sales_activity.timers import notices, running_timers, timer_status, undelivered
from tests.services.sales_activity.world import SYSTEM, World, in_hours
from tests.support.waiting import eventually

AT_ONCE = 16
SLOW = 900.0


async def in_groups(calls: Iterable[Awaitable[Any]]) -> list[Any]:
    """A few requests at a time, as a pool of connections serves them."""
    places = asyncio.Semaphore(AT_ONCE)

    async def one(call: Awaitable[Any]) -> Any:
        async with places:
            return await call

    return await asyncio.gather(*(one(call) for call in calls))


async def test_of_1000_rescheduled_timers_each_remaining_one_notifies_exactly_once(
    world: World, temporal: Client
) -> None:
    rep = await world.person("rep")
    async with running_timers(world, temporal) as handlers:
        tasks = await in_groups(world.task(rep, dueDate=in_hours(100)) for _ in range(1000))
        # The lead of 24 hours begins seconds from now: late changes race with timers that fire already.
        soon = (clock.now() + timedelta(hours=24, seconds=5)).isoformat()
        moved = await in_groups(world.change_task(rep, task, dueDate=soon) for task in tasks)
        assert {answer.status for answer in moved} == {200}
        finished, deleted, remaining = tasks[:200], tasks[200:400], tasks[400:]
        ended = await in_groups(world.set_status(rep, task, "COMPLETED") for task in finished)
        gone = await in_groups(world.client.delete(f"/tasks/{task['id']}", token=rep.token) for task in deleted)
        assert {answer.status for answer in [*ended, *gone]} == {200, 204}

        wanted = {task["id"] for task in remaining}
        await all_set(world)
        await told_all(world, "task.due_soon", wanted)

        told = await notices(world, "task.due_soon")
        assert set(told.values()) == {1}
        # Those that ended may have been announced before their end, never after it.
        late = await world.rows(
            "SELECT o.aggregate_id FROM outbox AS o WHERE o.event_type = 'task.due_soon' AND EXISTS (SELECT FROM outbox"
            " AS e WHERE e.aggregate_id = o.aggregate_id AND e.seq < o.seq"
            " AND e.event_type IN ('task.completed', 'task.deleted'))"
        )
        assert late == []
        for task in (finished[0], deleted[0]):
            assert await timer_status(temporal, task["id"]) != "RUNNING"
        # Whoever asks again tells nothing new.
        timer = TaskDueInput(task_id=UUID(remaining[0]["id"]), due_date=moved[400].json["dueDate"], lead_hours=24)
        await ActivityEnvironment().run(handlers.notify_due_soon, timer)
        assert await notices(world, "task.due_soon") == told


async def test_due_soon_is_told_first_and_overdue_not_before_the_due_date(world: World, temporal: Client) -> None:
    rep = await world.person("rep")
    async with running_timers(world, temporal):
        due = clock.now() + timedelta(seconds=5)
        task = await world.task(rep, dueDate=due.isoformat(), leadHours=1)
        await told_all(world, "task.overdue", {task["id"]})
    events = await world.rows(
        "SELECT event_type, created_at, data FROM outbox WHERE topic = 'sales.events' ORDER BY seq"
    )
    assert [event["event_type"] for event in events] == ["task.created", "task.due_soon", "task.overdue"]
    assert events[2]["created_at"] >= due
    assert events[1]["data"] == {
        "taskId": task["id"],
        "title": task["title"],
        "dueDate": task["dueDate"],
        "userId": str(rep.id),
        "customerId": None,
    }
    assert await timer_status(temporal, task["id"]) == "COMPLETED"


async def test_a_due_date_that_has_passed_already_is_told_as_overdue_only(world: World, temporal: Client) -> None:
    rep = await world.person("rep")
    async with running_timers(world, temporal):
        task = await world.task(rep, dueDate=in_hours(-1))
        await told_all(world, "task.overdue", {task["id"]})
    assert await notices(world, "task.due_soon") == {}


async def test_the_comparison_starts_lost_timers_and_ends_pointless_ones(world: World, temporal: Client) -> None:
    rep = await world.person("rep")
    async with running_timers(world, temporal) as handlers:
        lost, kept, pointless = [await world.task(rep, dueDate=in_hours(48)) for _ in range(3)]
        await all_set(world)
        await temporal.get_workflow_handle(task_due_id(UUID(lost["id"]))).terminate()
        async with world.db.transaction(SYSTEM) as uow:
            # As a restored backup would leave it: the row changed, Temporal never heard of it.
            await uow.execute("UPDATE tasks SET state = 'COMPLETED' WHERE id = %s", [pointless["id"]])

        async def listed() -> bool:
            running = [await _listed(temporal, task["id"]) for task in (lost, kept, pointless)]
            return running == [False, True, True]

        await eventually(listed, what="what is there, and nothing else, in Temporal's list")
        result = await ActivityEnvironment().run(handlers.reconcile_timers)
        assert result.started >= 1
        assert result.ended >= 1
        await all_set(world)
        assert await timer_status(temporal, lost["id"]) == "RUNNING"
        assert await timer_status(temporal, pointless["id"]) == "TERMINATED"
        assert await world.intents(kept["id"]) == ["start"]
        assert await world.intents(lost["id"]) == ["start", "start"]


async def all_set(world: World) -> None:
    async def probe() -> bool:
        return await undelivered(world) == 0

    await eventually(probe, within=SLOW, what="all timers set")


async def told_all(world: World, kind: str, wanted: set[str]) -> None:
    async def probe() -> bool:
        return wanted <= (await notices(world, kind)).keys()

    await eventually(probe, within=SLOW, what=kind)


async def _listed(temporal: Client, task_id: str) -> bool:
    query = f'WorkflowId="{task_due_id(UUID(task_id))}" AND ExecutionStatus="Running"'
    return [execution async for execution in temporal.list_workflows(query)] != []


async def test_what_is_due_soon_does_not_stand_in_line_behind_timers_of_later_weeks(world: World) -> None:
    rep = await world.person("rep")
    await world.task(rep, dueDate=in_hours(0.1))
    await world.task(rep, dueDate=in_hours(1000))
    lanes = await world.rows("SELECT lane FROM intents ORDER BY seq")
    assert [row["lane"] for row in lanes] == ["signal", "timer"]
