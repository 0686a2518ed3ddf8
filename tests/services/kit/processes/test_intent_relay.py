"""What a committed transaction intends reaches Temporal: once in effect, in order, whatever is down or bulky."""

from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowExecutionStatus
from temporalio.worker import Worker

from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row, UnitOfWork
from services.kit.events.event_relay import EventRelay
from services.kit.processes.intent_relay import IntentRelay
from services.kit.processes.intents import (
    Lane,
    SearchAttributes,
    StartIntent,
    signal_workflow,
    start_workflows,
    terminate_workflows,
)
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.temporal import connect
from tests.support.events import create_things, running
from tests.support.kit_workflows import DONE_AT_ONCE, KIT_QUEUE, WAITING, DoneAtOnce, Waiting, Word, shout
from tests.support.ports import free_port
from tests.support.temporal import TemporalAddress, TemporalServer
from tests.support.waiting import eventually

SYSTEM = ActorContext.system()
RESOURCE = uuid4()
SEARCH = SearchAttributes(process_type="kit_waiting", resource_id=RESOURCE, actor_id=uuid4(), status="REQUESTED")


def _intent(workflow_id: str, *, workflow: str = WAITING, queue: str = KIT_QUEUE) -> StartIntent:
    return StartIntent(workflow, workflow_id, queue, Word(word="begun"), SEARCH, "a test")


async def _start(uow: UnitOfWork, workflow_id: str, *, lane: Lane = "process", workflow: str = WAITING) -> None:
    await start_workflows(uow, [_intent(workflow_id, workflow=workflow)], lane=lane)


async def _say(uow: UnitOfWork, workflow_id: str, word: str, lane: Lane = "signal") -> None:
    await signal_workflow(uow, workflow_id=workflow_id, signal="say", argument=Word(word=word), lane=lane)


async def _intents(db: Database) -> list[Row]:
    async with db.reader() as reader:
        return await reader.all("SELECT * FROM intents ORDER BY seq")


async def _all_delivered(db: Database) -> bool:
    return all(intent["delivered_at"] is not None for intent in await _intents(db))


def _worker(client: Client) -> Worker:
    return Worker(client, task_queue=KIT_QUEUE, workflows=[Waiting, DoneAtOnce], activities=[shout])


async def test_a_start_and_its_signals_arrive_in_order_across_lanes(database: Database, temporal: Client) -> None:
    workflow_id = f"kit:{uuid4()}"
    async with database.transaction(SYSTEM) as uow:
        await _start(uow, workflow_id)
        for word in ("one", "two"):
            await _say(uow, workflow_id, word)
        await _say(uow, workflow_id, "three", lane="timer")
        await _say(uow, workflow_id, "end", lane="process")
    async with running(IntentRelay(database, temporal).run), _worker(temporal):
        handle = temporal.get_workflow_handle(workflow_id)
        await eventually(lambda: _all_delivered(database))
        assert await handle.result() == ["begun", "one", "two", "three", "end"]
        description = await handle.describe()
    attributes = {pair.key.name: pair.value for pair in description.typed_search_attributes}
    assert (attributes["ResourceId"], attributes["ProcessStatus"]) == (str(RESOURCE), "REQUESTED")
    assert await description.static_summary() == "a test"
    assert {intent["outcome"] for intent in await _intents(database)} == {"started", "signalled"}


async def test_a_repeated_start_does_not_run_a_finished_process_again(database: Database, temporal: Client) -> None:
    workflow_id = f"kit:{uuid4()}"
    async with running(IntentRelay(database, temporal).run), _worker(temporal):
        async with database.transaction(SYSTEM) as uow:
            await _start(uow, workflow_id, workflow=DONE_AT_ONCE)
        await eventually(lambda: _all_delivered(database))
        assert await temporal.get_workflow_handle(workflow_id).result() == {"word": "BEGUN"}
        async with database.transaction(SYSTEM) as uow:
            await uow.execute("UPDATE intents SET delivered_at = NULL, outcome = NULL")
            uow.wakes.add("intents")
        await eventually(lambda: _all_delivered(database))
    assert [intent["outcome"] for intent in await _intents(database)] == ["already_started"]


async def test_messages_to_a_workflow_that_is_gone_count_as_delivered(database: Database, temporal: Client) -> None:
    workflow_id = f"kit:{uuid4()}"
    async with database.transaction(SYSTEM) as uow:
        await _say(uow, workflow_id, "nobody hears")
        await terminate_workflows(uow, [workflow_id], reason="task ended")
    async with running(IntentRelay(database, temporal).run):
        await eventually(lambda: _all_delivered(database))
    assert [intent["outcome"] for intent in await _intents(database)] == ["gone", "gone"]


async def test_a_timer_is_replaced_and_ended(database: Database, temporal: Client) -> None:
    workflow_id = f"kit-timer:{uuid4()}"
    handle = temporal.get_workflow_handle(workflow_id)

    async def replace() -> None:
        async with database.transaction(SYSTEM) as uow:
            timer = StartIntent(
                workflow=WAITING,
                workflow_id=workflow_id,
                task_queue=KIT_QUEUE,
                argument=Word(word="timer"),
                search=SEARCH,
                summary="a timer",
                start_at=clock.now() + timedelta(hours=1),
                replace=True,
            )
            await start_workflows(uow, [timer], lane="timer")
        await eventually(lambda: _all_delivered(database))

    async with running(IntentRelay(database, temporal).run):
        await replace()
        first = await handle.describe()
        await replace()
        second = await handle.describe()
        assert first.run_id != second.run_id
        assert second.history_length == 1  # waiting costs no worker anything
        async with database.transaction(SYSTEM) as uow:
            await terminate_workflows(uow, [workflow_id], reason="task ended")
        await eventually(lambda: _all_delivered(database))
    assert (await handle.describe()).status is WorkflowExecutionStatus.TERMINATED


async def test_a_broker_that_is_down_holds_up_no_intent(database: Database, temporal: Client) -> None:
    workflow_id = f"kit:{uuid4()}"
    nobody = f"127.0.0.1:{free_port()}"
    async with running(EventRelay(database, nobody).run, IntentRelay(database, temporal).run):
        await create_things(database, 10)
        async with database.transaction(SYSTEM) as uow:
            await _start(uow, workflow_id)
        await eventually(lambda: _all_delivered(database))


async def test_bulk_in_the_timer_lane_does_not_hold_up_a_process(database: Database, temporal: Client) -> None:
    async with running(IntentRelay(database, temporal).run):
        async with database.transaction(SYSTEM) as uow:
            bulk = [_intent(f"kit-bulk:{uuid4()}", queue="ringi-nobody") for _ in range(150)]
            await start_workflows(uow, bulk, lane="timer")
            await _start(uow, f"kit:{uuid4()}")
        await eventually(lambda: _process_delivered(database))
        assert not await _all_delivered(database)
        await eventually(lambda: _all_delivered(database))


async def _process_delivered(db: Database) -> bool:
    return all(i["delivered_at"] is not None for i in await _intents(db) if i["lane"] == "process")


async def test_an_intent_that_temporal_refuses_keeps_its_place_and_holds_up_no_other(
    database: Database, temporal: Client
) -> None:
    bad, good = f"kit:{uuid4()}", f"kit:{uuid4()}"
    async with running(IntentRelay(database, temporal).run):
        async with database.transaction(SYSTEM) as uow:
            await start_workflows(uow, [_intent(bad, queue="q" * 2000)])
            await _say(uow, bad, "after the start")
            await _start(uow, good)
        await eventually(lambda: _tried_twice(database))
    refused, waiting, delivered = await _intents(database)
    assert "InvalidArgument" in refused["last_error"] or "RPCError" in refused["last_error"]
    assert (refused["delivered_at"], waiting["delivered_at"]) == (None, None)
    assert delivered["outcome"] == "started"


async def _tried_twice(db: Database) -> bool:
    return (await _intents(db))[0]["attempts"] >= 2


async def test_temporal_being_away_delays_a_process_and_loses_none(
    database: Database, own_temporal: TemporalServer
) -> None:
    client = await connect(own_temporal.settings, lazy=True)
    own_temporal.kill()
    async with running(IntentRelay(database, client).run):
        async with database.transaction(SYSTEM) as uow:
            for _ in range(20):
                await _start(uow, f"kit:{uuid4()}")
        assert not await _all_delivered(database)
        own_temporal.start()
        await eventually(lambda: _all_delivered(database))
    assert {intent["attempts"] for intent in await _intents(database)} == {1}


async def test_an_unreachable_address_is_retried_not_refused(database: Database) -> None:
    client = await connect(TemporalAddress(f"127.0.0.1:{free_port()}"), lazy=True)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(running(IntentRelay(database, client).run))
        async with database.transaction(SYSTEM) as uow:
            await _start(uow, f"kit:{uuid4()}")
        await create_things(database, 1)
    (intent,) = await _intents(database)
    assert (intent["attempts"], intent["last_error"], intent["delivered_at"]) == (0, None, None)


APART = timedelta(minutes=10)
"""Far more than a test waits for anything."""


@pytest.mark.parametrize("service_ahead", [APART, -APART], ids=["ahead", "behind"])
@pytest.mark.parametrize("relay_ahead", [APART, -APART], ids=["relay ahead", "relay behind"])
async def test_clocks_that_are_minutes_apart_delay_no_process(
    database: Database, temporal: Client, service_ahead: timedelta, relay_ahead: timedelta
) -> None:
    """Of the service that asks for a process and of the relay that starts it."""
    workflow_id = f"kit:{uuid4()}"
    with clock.travel(service_ahead):
        async with database.transaction(SYSTEM) as uow:
            await _start(uow, workflow_id)
            await signal_workflow(
                uow,
                workflow_id=workflow_id,
                signal="say",
                argument=Word(word="later"),
                not_before=clock.now() + timedelta(seconds=1),
            )
    with clock.travel(relay_ahead):
        async with running(IntentRelay(database, temporal).run):
            await eventually(lambda: _all_delivered(database))
    await temporal.get_workflow_handle(workflow_id).describe()


async def test_what_a_relay_with_a_fast_clock_put_off_does_not_wait_for_its_time(
    database: Database, temporal: Client
) -> None:
    """The next relay's clock is right: ten minutes are not to be waited for a second of back-off."""
    refused = f"kit:{uuid4()}"
    async with database.transaction(SYSTEM) as uow:
        await start_workflows(uow, [_intent(refused, queue="")])
    with clock.travel(APART):
        async with running(IntentRelay(database, temporal).run):
            await eventually(lambda: _refused(database))
    async with database.reader() as reader:
        assert await reader.scalar("SELECT next_attempt_at < now() + interval '2 minutes' FROM intents")


async def _refused(db: Database) -> bool:
    return any(intent["attempts"] > 0 and intent["last_error"] for intent in await _intents(db))
