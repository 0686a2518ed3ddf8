"""The worker is killed (-9) around what a task's timer tells, and everybody is told exactly once."""

from datetime import timedelta
from typing import Any

from services.kit.running import clock
from tests.faults.forks import PATIENCE
from tests.faults.scenarios import asked, invariants_hold
from tests.faults.worker import WorkerProcesses
from tests.support.system import System
from tests.support.waiting import eventually

MOMENTS = ("begins", "committed")
STEPS = {"notify_due_soon": "task.due_soon", "notify_overdue": "task.overdue"}
"""What a timer does, and what it tells by it."""
DUE_IN = {"notify_due_soon": timedelta(hours=1), "notify_overdue": timedelta(seconds=-1)}
LATER = timedelta(hours=2)


async def _task(system: System, due_in: timedelta) -> dict[str, Any]:
    due = (clock.now() + due_in).isoformat()
    return await asked(system.people["rep"], "POST", "/tasks", {"title": "間近の仕事", "dueDate": due})


async def _told(system: System, task: dict[str, Any]) -> list[str]:
    """What the outbox says about the task's times, in order."""
    statement = "SELECT event_type FROM outbox WHERE aggregate_id = %s AND event_type = ANY(%s) ORDER BY seq"
    rows = await system.rows("sales_activity", statement, [task["id"], list(STEPS.values())])
    return [row["event_type"] for row in rows]


async def _notices(system: System, task: dict[str, Any]) -> int:
    items = (await asked(system.people["rep"], "GET", "/notifications?limit=100"))["items"]
    return sum(item["resourceId"] == task["id"] for item in items)


async def test_each_task_is_announced_exactly_once_though_the_worker_dies_around_the_notice(
    system: System, workers: WorkerProcesses
) -> None:
    tasks = {}
    for step in STEPS:
        for moment in MOMENTS:
            tasks[step, moment] = await _task(system, DUE_IN[step])
            await workers.start_and_die(f"sales_activity.{step}.{moment}:1")
    workers.start()
    for (step, moment), task in tasks.items():

        async def announced(task: dict[str, Any] = task) -> bool:
            return await _notices(system, task) > 0

        await eventually(announced, within=PATIENCE, what=f"the notice of {step} after {moment}")
    await invariants_hold(system)
    for (step, _), task in tasks.items():
        assert (await _told(system, task), await _notices(system, task)) == ([STEPS[step]], 1)


async def test_a_task_that_moves_while_the_worker_lies_dead_is_announced_for_its_new_date_only(
    system: System, workers: WorkerProcesses
) -> None:
    task = await _task(system, DUE_IN["notify_due_soon"])
    await workers.start_and_die("sales_activity.notify_due_soon.begins:1")
    body = {"title": task["title"], "dueDate": (clock.now() + LATER).isoformat()}
    await asked(system.people["rep"], "PUT", f"/tasks/{task['id']}", body, If_Match='"1"')
    workers.start()

    async def announced() -> bool:
        return await _notices(system, task) > 0

    await eventually(announced, within=PATIENCE, what="the notice for the new date")
    await invariants_hold(system)
    rows = await system.rows(
        "sales_activity",
        "SELECT data->>'dueDate' AS due FROM outbox WHERE aggregate_id = %s AND event_type = 'task.due_soon'",
        [task["id"]],
    )
    moved = await asked(system.people["rep"], "GET", f"/tasks/{task['id']}")
    assert [row["due"] for row in rows] == [moved["dueDate"]]
