"""What ops and users see of a process, and what the projection of processes receives."""

from uuid import uuid4

import pytest

from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row
from services.kit.processes.ledger import finish_process, open_process, process_view, record_step
from services.kit.processes.statuses import ProcessStatus, StepStatus
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id


async def _open(database: Database, total: int | None = None) -> Row:
    process_id, resource_id, actor_id = new_id(), uuid4(), uuid4()
    async with database.transaction(ActorContext.system()) as uow:
        await open_process(
            uow,
            process_id=process_id,
            workflow_id=f"thing-removal:{process_id}",
            type="thing_removal",
            resource_id=resource_id,
            actor_id=actor_id,
            steps=["hold", "hide"],
            total=total,
        )
    return {"process_id": process_id, "resource_id": resource_id, "actor_id": actor_id}


async def _step(database: Database, process: Row, step: str, status: StepStatus, **counts: int) -> None:
    async with database.transaction(ActorContext.system()) as uow:
        await record_step(uow, process_id=process["process_id"], step=step, status=status, **counts)


async def _finish(database: Database, process: Row, status: ProcessStatus) -> None:
    async with database.transaction(ActorContext.system()) as uow:
        await finish_process(uow, process_id=process["process_id"], status=status)


async def _view(database: Database, process: Row) -> Row:
    async with database.reader() as reader:
        view = await process_view(reader, process["process_id"])
    assert view is not None
    return view


async def _events(database: Database) -> list[tuple[str, int, str]]:
    async with database.reader() as reader:
        rows = await reader.all(
            "SELECT event_type, aggregate_version, data->>'status' AS status FROM outbox ORDER BY seq"
        )
    return [(row["event_type"], row["aggregate_version"], row["status"]) for row in rows]


async def test_the_first_poll_finds_the_requested_process(database: Database) -> None:
    process = await _open(database, total=10)
    view = await _view(database, process)
    assert view["id"] == str(process["process_id"])
    assert (view["status"], view["progress"], view["finishedAt"]) == ("REQUESTED", {"done": 0, "total": 10}, None)
    assert [(step["name"], step["status"]) for step in view["steps"]] == [("hold", "PLANNED"), ("hide", "PLANNED")]


async def test_progress_moves_with_the_rows_and_each_event_carries_the_whole_state(database: Database) -> None:
    process = await _open(database, total=1000)
    await _step(database, process, "hold", StepStatus.DONE, done=200, total=200)
    await _step(database, process, "hide", StepStatus.RUNNING, done=500, total=800)
    assert (await _view(database, process))["progress"] == {"done": 700, "total": 1000}
    await _step(database, process, "hide", StepStatus.DONE, done=800)
    await _finish(database, process, ProcessStatus.COMPLETED)
    view = await _view(database, process)
    assert (view["status"], view["progress"]) == ("COMPLETED", {"done": 1000, "total": 1000})
    assert view["finishedAt"] is not None
    assert await _events(database) == [
        ("process.started", 1, "REQUESTED"),
        ("process.step_completed", 2, "RUNNING"),
        ("process.step_completed", 3, "RUNNING"),
        ("process.completed", 4, "COMPLETED"),
    ]


async def test_a_report_that_comes_late_does_not_reopen_a_finished_step(database: Database) -> None:
    process = await _open(database)
    await _step(database, process, "hold", StepStatus.DONE, done=2)
    await _step(database, process, "hold", StepStatus.RUNNING, done=1)
    step = (await _view(database, process))["steps"][0]
    assert (step["status"], step["done"]) == ("DONE", 2)


async def test_a_process_that_needed_attention_goes_on_and_ends_once(database: Database) -> None:
    process = await _open(database)
    await _step(database, process, "hold", StepStatus.NEEDS_ATTENTION)
    assert (await _view(database, process))["status"] == "NEEDS_ATTENTION"
    await _step(database, process, "hold", StepStatus.UNDONE)
    await _finish(database, process, ProcessStatus.COMPENSATED)
    await _finish(database, process, ProcessStatus.COMPENSATED)
    assert [event for event, _, _ in await _events(database)] == [
        "process.started",
        "process.needs_attention",
        "process.step_completed",
        "process.compensated",
    ]


async def test_an_unknown_process_is_no_view_and_an_error_to_write(database: Database) -> None:
    async with database.reader() as reader:
        assert await process_view(reader, uuid4()) is None
    with pytest.raises(LookupError):
        await _step(database, {"process_id": uuid4()}, "hold", StepStatus.DONE)
