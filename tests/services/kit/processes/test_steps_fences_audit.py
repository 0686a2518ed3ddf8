"""Steps happen once, fences hold against what comes at the same time, audit entries stay as they were written."""

import asyncio
from functools import partial
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import BaseModel

from services.kit.db.database import Database
from services.kit.errors import Blocked, NotFound
from services.kit.events.audit import record_audit
from services.kit.processes.fences import block, check_unblocked, unblock
from services.kit.processes.steps import run_once
from services.kit.running.context import ActorContext
from tests.support.kit_tables import insert_thing
from tests.support.postgres import someone_waits_for_a_lock
from tests.support.waiting import eventually


class Hidden(BaseModel):
    count: int


async def _run(database: Database, key: str, calls: list[int], *, fail: bool = False) -> Hidden:
    async def work() -> Hidden:
        calls.append(1)
        await asyncio.sleep(0)
        if fail:
            raise ConnectionError("lost")
        return Hidden(count=len(calls))

    async with database.transaction(ActorContext.system()) as uow:
        return await run_once(uow, key=key, result_type=Hidden, work=work)


async def test_a_repeated_step_returns_the_recorded_answer(database: Database) -> None:
    calls: list[int] = []
    answers = await asyncio.gather(*(_run(database, "w:hide:1", calls) for _ in range(5)))
    assert (len(calls), {answer.count for answer in answers}) == (1, {1})
    assert (await _run(database, "w:hide:2", calls)).count == 2


async def test_a_step_that_failed_is_done_by_the_next_attempt(database: Database) -> None:
    calls: list[int] = []
    with pytest.raises(ConnectionError):
        await _run(database, "w:hide:1", calls, fail=True)
    assert (await _run(database, "w:hide:1", calls)).count == 2


async def _thing(database: Database) -> UUID:
    async with database.transaction(ActorContext.system()) as uow:
        return await insert_thing(uow)


async def test_work_on_a_fenced_row_is_refused_with_the_process(database: Database, system: ActorContext) -> None:
    thing, process, other = await _thing(database), uuid4(), uuid4()
    async with database.transaction(system) as uow:
        assert await block(uow, "things", thing, process)
        assert await block(uow, "things", thing, process)
    with pytest.raises(Blocked) as refused:
        async with database.transaction(system) as uow:
            await check_unblocked(uow, "things", thing)
    assert refused.value.extra == {"processId": str(process)}
    with pytest.raises(Blocked):
        async with database.transaction(system) as uow:
            await block(uow, "things", thing, other)
    async with database.transaction(system) as uow:
        await unblock(uow, "things", thing, other)
    with pytest.raises(Blocked):
        async with database.transaction(system) as uow:
            await check_unblocked(uow, "things", thing)
    async with database.transaction(system) as uow:
        await unblock(uow, "things", thing, process)
        await check_unblocked(uow, "things", thing)


async def test_the_fence_waits_for_work_that_checked_before_it(database: Database, system: ActorContext) -> None:
    thing = await _thing(database)
    order: list[str] = []

    async def raise_fence() -> None:
        async with database.transaction(system) as uow:
            await block(uow, "things", thing, uuid4())
            order.append("fenced")

    async with database.transaction(system) as uow:
        await check_unblocked(uow, "things", thing)
        fence = asyncio.create_task(raise_fence())
        await eventually(partial(someone_waits_for_a_lock, database), what="the fence to wait")
        order.append("work committed")
    await fence
    assert order == ["work committed", "fenced"]


async def test_a_row_that_does_not_exist_is_not_found(database: Database, system: ActorContext) -> None:
    with pytest.raises(NotFound):
        async with database.transaction(system) as uow:
            await check_unblocked(uow, "things", uuid4())
    async with database.transaction(system) as uow:
        assert not await block(uow, "things", uuid4(), uuid4())


async def test_an_audit_entry_goes_to_the_log_of_all_services(database: Database) -> None:
    actor, resource = uuid4(), uuid4()
    context = ActorContext(actor_id=actor, ip="203.0.113.7", request_id="r-1")
    async with database.transaction(context) as uow:
        await record_audit(uow, action="thing.removed", resource_type="thing", resource_id=resource, detail={"n": 1})
    async with database.reader() as reader:
        entry = await reader.one("SELECT * FROM audit_entries")
        event = await reader.one("SELECT * FROM outbox")
    assert entry is not None
    assert event is not None
    assert (entry["actor_id"], entry["ip"], entry["request_id"], entry["detail"]) == (
        actor,
        "203.0.113.7",
        "r-1",
        {"n": 1},
    )
    assert (event["topic"], event["event_type"], event["aggregate_id"]) == ("audit.events", "audit.recorded", resource)
    assert (event["data"]["service"], event["data"]["auditId"]) == ("kit", str(entry["id"]))


@pytest.mark.parametrize(
    "change", ["UPDATE audit_entries SET action = 'x'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"]
)
async def test_an_audit_entry_can_not_be_changed_or_removed(
    database: Database, system: ActorContext, change: str
) -> None:
    async with database.transaction(system) as uow:
        await record_audit(uow, action="thing.seen", resource_type="thing", resource_id=None)
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        async with database.transaction(system) as uow:
            await uow.execute(change)
