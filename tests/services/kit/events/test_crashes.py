"""Relays and consumers killed with SIGKILL at their worst moments, or stopped for longer than their lease."""

import signal
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from temporalio.client import Client

from services.kit.db.database import Database
from services.kit.events.consumer import Consumer
from services.kit.events.event_relay import EventRelay
from services.kit.processes.intent_relay import IntentRelay
from services.kit.processes.intents import SearchAttributes, StartIntent, start_workflows
from services.kit.running.context import ActorContext
from tests.support.broker import Broker
from tests.support.events import create_things, effects, outbox_count, published, record_effects, running
from tests.support.kit_tables import THINGS_TOPIC
from tests.support.kit_workflows import WAITING, Word
from tests.support.processes import ServerProcess
from tests.support.temporal import TemporalServer
from tests.support.waiting import eventually

Crash = Callable[..., ServerProcess]
ROOT = Path(__file__).parents[4]


@pytest.fixture
def child(kit_database_url: str, tmp_path: Path) -> Iterator[Crash]:
    """Starts a relay or consumer in a process of its own."""
    started: list[ServerProcess] = []

    def start(what: str, address: str, crash_at: str = "") -> ServerProcess:
        command = [sys.executable, "-m", "tests.services.kit.events.crash_child", what, kit_database_url, address]
        env = {"RINGI_ENV": "test", "CRASH_AT": crash_at, "PYTHONPATH": str(ROOT)}
        started.append(ServerProcess(command, log=tmp_path / f"{len(started)}.log", env=env))
        return started[-1]

    yield start
    for process in started:
        process.signal(signal.SIGCONT)
        process.kill()


async def _died(process: ServerProcess) -> bool:
    return process.returncode == -signal.SIGKILL


async def _unpublished(db: Database) -> int:
    return await outbox_count(db, "cluster_id IS NULL")


async def _nothing_unpublished(db: Database) -> bool:
    return await _unpublished(db) == 0


async def _applied(db: Database, count: int) -> bool:
    return len(await effects(db)) >= count


def _consumer(db: Database, broker: Broker) -> Consumer:
    return Consumer(db, bootstrap=broker.bootstrap, name="test", topics=[THINGS_TOPIC], apply=record_effects)


async def test_a_relay_killed_between_publish_and_mark_repeats_and_the_consumer_applies_once(
    database: Database, own_broker: Broker, child: Crash
) -> None:
    await create_things(database, 50)
    process = child("events", own_broker.bootstrap, "relay.published:1")
    await eventually(lambda: _died(process))
    assert await _unpublished(database) == 50
    async with running(EventRelay(database, own_broker.bootstrap).run, _consumer(database, own_broker).run):
        await eventually(lambda: _nothing_unpublished(database))
        await eventually(lambda: _applied(database, 50))
    assert len(await published(own_broker.bootstrap)) == 100
    assert len(await effects(database)) == 50


async def test_a_relay_killed_between_start_and_mark_starts_each_process_once(
    database: Database, temporal_server: TemporalServer, temporal: Client, child: Crash
) -> None:
    ids = [f"kit:{uuid4()}" for _ in range(5)]
    async with database.transaction(ActorContext.system()) as uow:
        search = SearchAttributes(process_type=WAITING, resource_id=uuid4())
        begun = Word(word="begun")
        await start_workflows(uow, [StartIntent(WAITING, i, "ringi-kit", begun, search, "a test") for i in ids])
    process = child("intents", temporal_server.address, "intent.started:1")
    await eventually(lambda: _died(process))
    async with running(IntentRelay(database, temporal).run):
        await eventually(lambda: _delivered(database, 5))
    async with database.reader() as reader:
        rows = await reader.all("SELECT outcome FROM intents")
    assert "already_started" in {row["outcome"] for row in rows}
    for workflow_id in ids:
        runs = [run async for run in temporal.list_workflows(f'WorkflowId = "{workflow_id}"')]
        assert len(runs) <= 1
        await temporal.get_workflow_handle(workflow_id).describe()


async def _delivered(db: Database, count: int) -> bool:
    async with db.reader() as reader:
        done: int = await reader.scalar("SELECT count(*) FROM intents WHERE delivered_at IS NOT NULL")
    return done == count


@pytest.mark.parametrize(("point", "applied"), [("consumer.applied:1", 0), ("consumer.committed:1", 1)])
async def test_a_consumer_killed_around_its_commit_applies_each_event_once(
    database: Database, own_broker: Broker, child: Crash, point: str, applied: int
) -> None:
    await create_things(database, 50)
    async with running(EventRelay(database, own_broker.bootstrap).run):
        process = child("consumer", own_broker.bootstrap, point)
        await eventually(lambda: _died(process))
        assert bool(await effects(database)) == bool(applied)
        async with running(_consumer(database, own_broker).run):
            await eventually(lambda: _applied(database, 50))
            await create_things(database, 10)
            await eventually(lambda: _applied(database, 60))
    done = await effects(database)
    assert len({event_id for event_id, _ in done}) == len(done) == 60


async def test_a_consumer_stopped_past_its_lease_is_succeeded_and_does_no_harm_when_it_goes_on(
    database: Database, own_broker: Broker, child: Crash
) -> None:
    async with running(EventRelay(database, own_broker.bootstrap).run):
        process = child("consumer", own_broker.bootstrap)
        await create_things(database, 20)
        await eventually(lambda: _applied(database, 20))
        process.signal(signal.SIGSTOP)
        await create_things(database, 20)
        async with running(_consumer(database, own_broker).run):
            await eventually(lambda: _applied(database, 40))
            process.signal(signal.SIGCONT)
            await create_things(database, 20)
            await eventually(lambda: _applied(database, 60))
        # The one that was stopped is the successor's successor.
        await create_things(database, 20)
        await eventually(lambda: _applied(database, 80))
        process.check()
    done = await effects(database)
    assert len({event_id for event_id, _ in done}) == len(done) == 80
