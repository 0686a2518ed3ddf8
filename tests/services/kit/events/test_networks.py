"""Relays and consumers behind a network that is slow, cut, silent or open at one end only lose and repeat nothing."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from uuid import uuid4

import psycopg
import pytest
from temporalio.client import Client
from temporalio.service import KeepAliveConfig
from temporalio.worker import Worker

from services.kit.db import database as database_module
from services.kit.db import lease as lease_module
from services.kit.db.database import Database
from services.kit.events import broker as broker_module
from services.kit.events.consumer import Consumer
from services.kit.events.event_relay import EventRelay
from services.kit.processes.intent_relay import IntentRelay
from services.kit.processes.intents import SearchAttributes, StartIntent, start_workflows
from services.kit.running import temporal as temporal_module
from services.kit.running.context import ActorContext
from services.kit.running.temporal import connect
from tests.support.broker import Broker
from tests.support.events import create_things, effects, outbox_count, published, record_effects, running
from tests.support.kit_tables import THINGS_TOPIC
from tests.support.kit_workflows import KIT_QUEUE, WAITING, Waiting, Word
from tests.support.postgres import PostgresServer, proxied
from tests.support.tcp_proxy import TcpProxy, tcp_proxy
from tests.support.temporal import TemporalAddress, TemporalServer
from tests.support.waiting import DEADLINE, eventually
from workers.runtime import sandbox


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broker_module, "REQUEST_TIMEOUT_MS", 1_500)
    monkeypatch.setattr(database_module, "ANSWER_SECONDS", 2.0)
    monkeypatch.setattr(lease_module, "LEASE_SECONDS", 3)
    monkeypatch.setattr(lease_module, "HEARTBEAT_SECONDS", 0.5)


@pytest.fixture
def before_broker(own_broker: Broker) -> Iterator[TcpProxy]:
    """Clients are told the proxy's address by the broker itself."""
    with tcp_proxy(own_broker.port) as proxy:
        own_broker.kill()
        own_broker.advertised = f"127.0.0.1:{proxy.port}"
        own_broker.start()
        yield proxy


@asynccontextmanager
async def behind(proxy: TcpProxy, url: str) -> AsyncIterator[Database]:
    """The database as it is seen through the proxy."""
    async with Database(proxied(proxy, url), name="kit") as db:
        yield db


def _relay(db: Database, proxy: TcpProxy) -> EventRelay:
    return EventRelay(db, f"127.0.0.1:{proxy.port}")


def _consumer(db: Database, address: str) -> Consumer:
    return Consumer(db, bootstrap=address, name="test", topics=[THINGS_TOPIC], apply=record_effects)


async def _all_sent(db: Database) -> bool:
    return await outbox_count(db, "cluster_id IS NULL") == 0


async def _applied(db: Database, count: int) -> bool:
    return len(await effects(db)) >= count


async def _each_once(db: Database, count: int) -> None:
    await eventually(lambda: _applied(db, count))
    done = [event_id for event_id, _ in await effects(db)]
    assert len(done) == len(set(done)) == count


async def test_a_black_hole_before_the_broker_loses_nothing(
    database: Database, own_broker: Broker, before_broker: TcpProxy
) -> None:
    consumer = _consumer(database, f"127.0.0.1:{before_broker.port}")
    async with running(_relay(database, before_broker).run, consumer.run):
        await create_things(database, 50)
        await eventually(lambda: _applied(database, 50))
        before_broker.black_hole()
        old = before_broker.connections
        await create_things(database, 50)
        # They have given up the silent connections and knock at the hole again.
        await eventually(lambda: before_broker.connections > old)
        assert not await _all_sent(database)
        before_broker.forward()
        await eventually(lambda: _all_sent(database))
        await _each_once(database, 100)


async def test_connections_that_died_at_one_end_only_are_given_up(
    database: Database, own_broker: Broker, before_broker: TcpProxy
) -> None:
    consumer = _consumer(database, f"127.0.0.1:{before_broker.port}")
    async with running(_relay(database, before_broker).run, consumer.run):
        await create_things(database, 20)
        await eventually(lambda: _applied(database, 20))
        before_broker.half_open()
        await create_things(database, 20)
        await _each_once(database, 40)


async def test_a_slow_network_and_resets_in_the_middle_of_everything_lose_nothing(
    database: Database, own_broker: Broker, before_broker: TcpProxy
) -> None:
    before_broker.delay(0.02)
    consumer = _consumer(database, f"127.0.0.1:{before_broker.port}")
    async with running(_relay(database, before_broker).run, consumer.run):
        for round_ in range(1, 5):
            await create_things(database, 30)
            await eventually(lambda count=30 * round_ - 29: _applied(database, count))
            before_broker.reset()
        await _each_once(database, 120)


async def test_a_relay_whose_database_connections_died_at_one_end_only_goes_on(
    database: Database, kit_database_url: str, postgres: PostgresServer, own_broker: Broker
) -> None:
    """The server keeps the lease for a session that it believes to live; neither may hold up the other for ever."""
    with tcp_proxy(postgres.port) as proxy:
        async with behind(proxy, kit_database_url) as through:
            consumer = _consumer(through, own_broker.bootstrap)
            async with running(EventRelay(through, own_broker.bootstrap).run, consumer.run):
                await create_things(database, 10)
                await eventually(lambda: _applied(database, 10))
                proxy.half_open()
                await create_things(database, 10)
                await _each_once(database, 20)
                await eventually(lambda: _all_sent(database))
            assert len({event.event_id for event in await published(own_broker.bootstrap)}) == 20


async def test_a_candidate_whose_connection_died_at_one_end_only_takes_over_all_the_same(
    database: Database, kit_database_url: str, postgres: PostgresServer, own_broker: Broker
) -> None:
    with tcp_proxy(postgres.port) as proxy:
        async with behind(proxy, kit_database_url) as through:
            candidate = EventRelay(through, own_broker.bootstrap)
            async with AsyncExitStack() as stack:
                async with running(EventRelay(database, own_broker.bootstrap).run):
                    await create_things(database, 10)
                    await eventually(lambda: _all_sent(database))
                    await stack.enter_async_context(running(candidate.run))
                    await eventually(lambda: _candidates(database))
                    proxy.half_open()
                await create_things(database, 10)
                await eventually(lambda: _all_sent(database))


async def _candidates(db: Database) -> bool:
    """Whether one waits for the lease that another has."""
    async with db.reader() as reader:
        sessions = "SELECT count(*) > 1 FROM pg_stat_activity WHERE application_name = 'ringi-kit-event-relay'"
        return bool(await reader.scalar(f"{sessions} AND datname = current_database()"))


async def test_a_statement_that_is_never_answered_is_an_error_and_the_next_one_works(
    kit_database_url: str, postgres: PostgresServer
) -> None:
    with tcp_proxy(postgres.port) as proxy:
        async with behind(proxy, kit_database_url) as through:
            async with through.reader() as reader:
                assert await reader.scalar("SELECT 1") == 1
            async with through.transaction(ActorContext.system()) as uow:
                assert await uow.scalar("SELECT 1") == 1
            proxy.half_open()
            with pytest.raises(psycopg.OperationalError):
                async with through.transaction(ActorContext.system()) as uow:
                    await uow.scalar("SELECT 1")

            async def answered() -> bool:
                try:
                    async with through.reader() as reader:
                        return bool(await reader.scalar("SELECT 1"))
                except psycopg.OperationalError:
                    return False

            await eventually(answered)


async def test_a_connection_outside_of_the_pools_does_not_wait_for_ever_either(
    kit_database_url: str, postgres: PostgresServer
) -> None:
    with tcp_proxy(postgres.port) as proxy:
        async with behind(proxy, kit_database_url) as through, asyncio.timeout(DEADLINE):
            with pytest.raises(psycopg.OperationalError):
                async with through.dedicated("test") as connection:
                    proxy.half_open()
                    await connection.execute("SELECT 1")


async def _delivered(db: Database, count: int) -> bool:
    async with db.reader() as reader:
        done: int = await reader.scalar("SELECT count(*) FROM intents WHERE delivered_at IS NOT NULL")
    return done == count


async def _ask_for(db: Database, *workflow_ids: str) -> None:
    for workflow_id in workflow_ids:
        async with db.transaction(ActorContext.system()) as uow:
            begun = StartIntent(
                workflow=WAITING,
                workflow_id=workflow_id,
                task_queue=KIT_QUEUE,
                argument=Word(word="begun"),
                search=SearchAttributes(process_type=WAITING, resource_id=uuid4()),
                summary="a test",
            )
            await start_workflows(uow, [begun])


async def test_a_black_hole_before_temporal_delays_processes_and_starts_each_once(
    database: Database, temporal_server: TemporalServer, temporal: Client
) -> None:
    ids = [f"kit:{uuid4()}" for _ in range(6)]
    with tcp_proxy(temporal_server.port) as proxy:
        client = await connect(TemporalAddress(f"127.0.0.1:{proxy.port}"))
        async with running(IntentRelay(database, client).run):
            await _ask_for(database, *ids[:3])
            await eventually(lambda: _delivered(database, 3))
            proxy.black_hole()
            await _ask_for(database, *ids[3:])
            await asyncio.wait_for(_unavailable(database), 60)
            proxy.forward()
            await eventually(lambda: _delivered(database, 6))
    for workflow_id in ids:
        description = await temporal.get_workflow_handle(workflow_id).describe()
        assert description.id == workflow_id


async def test_a_connection_to_temporal_that_died_at_one_end_only_is_given_up(
    database: Database, temporal_server: TemporalServer, temporal: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing tells the relay or the worker that theirs is dead but their own questions that stay unanswered."""
    monkeypatch.setattr(temporal_module, "KEEP_ALIVE", KeepAliveConfig(interval_millis=10_000, timeout_millis=1_000))
    ids = [f"kit:{uuid4()}" for _ in range(4)]
    with tcp_proxy(temporal_server.port) as proxy:
        client = await connect(TemporalAddress(f"127.0.0.1:{proxy.port}"))
        worker = Worker(client, task_queue=KIT_QUEUE, workflows=[Waiting], workflow_runner=sandbox())
        async with worker, running(IntentRelay(database, client).run):
            await _ask_for(database, *ids[:2])
            await eventually(lambda: _delivered(database, 2))
            assert proxy.connections > 0
            proxy.half_open()
            await _ask_for(database, *ids[2:])
            await eventually(lambda: _delivered(database, 4))
            for workflow_id in ids:
                handle = temporal.get_workflow_handle(workflow_id)
                await handle.signal(Waiting.say, Word(word="end"))
                assert await handle.result() == ["begun", "end"]


async def _unavailable(db: Database) -> None:
    """Intents are written, and wait."""

    async def waiting() -> bool:
        async with db.reader() as reader:
            return bool(await reader.scalar("SELECT count(*) = 3 FROM intents WHERE delivered_at IS NULL"))

    await eventually(waiting)


async def test_work_that_takes_long_is_waited_for_where_it_says_so_and_nowhere_else(database: Database) -> None:
    longer = f"SELECT pg_sleep({database_module.ANSWER_SECONDS + 1})"
    async with database.transaction(ActorContext.system(), patient=True) as uow:
        await uow.all(longer)
    for _ in range(2):  # the same connection, which is no longer patient
        with pytest.raises(psycopg.OperationalError, match="no answer"):
            async with database.transaction(ActorContext.system()) as uow:
                await uow.all(longer)
