"""The host of the workers: everything of several services in one process, started and stopped at any time."""

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import aiohttp
import psycopg
import pytest

from services.kit.db.database import Database
from services.kit.processes.intents import SearchAttributes, StartIntent, start_workflows
from services.kit.running.context import ActorContext
from services.kit.running.settings import Environment, ServiceSettings
from services.kit.running.temporal import connect
from tests.support.broker import Broker
from tests.support.events import create_things, effects, outbox_count
from tests.support.keys import KEY_VARIABLES, SERVICE_KEYS
from tests.support.kit_tables import create_kit_tables
from tests.support.kit_workflows import DONE_AT_ONCE, KIT_QUEUE, TRACED, Word
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.processes import ServerProcess
from tests.support.temporal import TemporalServer
from tests.support.waiting import DEADLINE, eventually
from tests.workers.kit_worker import compose, compose_events_only
from workers.runtime import Composer, Runtime, ServiceWorker, host

ROOT = Path(__file__).parents[2]


@pytest.fixture
def settings(postgres: PostgresServer, own_broker: Broker, own_temporal: TemporalServer) -> Iterator[ServiceSettings]:
    urls = [postgres.database_from("kit", create_kit_tables) for _ in range(2)]
    yield ServiceSettings(
        env=Environment.TEST,
        **SERVICE_KEYS,
        analytics_database_url=urls[0],
        auth_database_url=urls[1],
        kafka_bootstrap=own_broker.bootstrap,
        temporal_address=own_temporal.address,
        worker_metrics_port=free_port(),
    )
    for url in urls:
        postgres.drop(url)


@asynccontextmanager
async def hosted(settings: ServiceSettings, *composers: Composer) -> AsyncIterator[None]:
    stop = asyncio.Event()
    task = asyncio.create_task(host(settings, composers, stop))
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(task, DEADLINE)


async def _status(settings: ServiceSettings, path: str) -> int:
    try:
        url = f"http://127.0.0.1:{settings.worker_metrics_port}{path}"
        async with aiohttp.ClientSession() as http, http.get(url) as response:
            return response.status
    except aiohttp.ClientConnectionError:
        return 0


async def _answers(settings: ServiceSettings, path: str, status: int) -> bool:
    return await _status(settings, path) == status


@asynccontextmanager
async def _database(settings: ServiceSettings, service: str = "analytics") -> AsyncIterator[Database]:
    async with Database(settings.database_url_for(service), name="test") as db:
        yield db


async def _begin(db: Database, workflow: str = DONE_AT_ONCE, traceparent: str | None = None) -> str:
    workflow_id = f"kit:{uuid4()}"
    async with db.transaction(ActorContext.system(traceparent=traceparent)) as uow:
        begun = StartIntent(
            workflow=workflow,
            workflow_id=workflow_id,
            task_queue=KIT_QUEUE,
            argument=Word(word="begun"),
            search=SearchAttributes(process_type=DONE_AT_ONCE, resource_id=uuid4()),
            summary="a test",
        )
        await start_workflows(uow, [begun])
    return workflow_id


async def _delivered(db: Database) -> bool:
    async with db.reader() as reader:
        return not await reader.scalar("SELECT count(*) FROM intents WHERE delivered_at IS NULL")


async def _result(settings: ServiceSettings, workflow_id: str) -> object:
    client = await connect(settings)
    return await client.get_workflow_handle(workflow_id).result()


async def _applied(db: Database, count: int) -> bool:
    return len(await effects(db)) == count


async def _published(db: Database) -> bool:
    return await outbox_count(db, "cluster_id IS NULL") == 0


async def test_processes_and_events_of_several_services_run_in_one_process(settings: ServiceSettings) -> None:
    async with _database(settings) as db, _database(settings, "auth") as other:
        async with hosted(settings, compose, compose_events_only):
            await eventually(lambda: _answers(settings, "/readyz", 200))
            workflow_id = await _begin(db)
            await create_things(db, 20)
            await create_things(other, 20)
            await eventually(lambda: _delivered(db))
            assert await _result(settings, workflow_id) == {"word": "BEGUN"}
            await eventually(lambda: _applied(db, 40))
            await eventually(lambda: _published(other))
            assert await _status(settings, "/metrics") == 200
        assert await _status(settings, "/healthz") == 0


async def test_a_request_and_the_steps_of_its_process_are_one_trace(settings: ServiceSettings) -> None:
    trace_id = "4bf92f3577b34da6a3ce929d0e0e4736"
    async with _database(settings) as db, hosted(settings, compose):
        workflow_id = await _begin(db, TRACED, f"00-{trace_id}-00f067aa0ba902b7-01")
        await eventually(lambda: _delivered(db))
        told = await _result(settings, workflow_id)
    assert isinstance(told, list)
    assert [step["word"].split("-")[1] for step in told] == [trace_id, trace_id]


async def test_without_temporal_events_flow_and_processes_begin_when_it_comes(
    settings: ServiceSettings, own_temporal: TemporalServer
) -> None:
    own_temporal.kill()
    async with _database(settings) as db, hosted(settings, compose):
        await create_things(db, 20)
        workflow_id = await _begin(db)
        await eventually(lambda: _applied(db, 20))
        assert await _status(settings, "/healthz") == 200
        assert await _status(settings, "/readyz") == 503
        own_temporal.start()
        await eventually(lambda: _answers(settings, "/readyz", 200))
        await eventually(lambda: _delivered(db))
        assert await _result(settings, workflow_id) == {"word": "BEGUN"}
        own_temporal.kill()
        own_temporal.start()
        workflow_id = await _begin(db)
        await eventually(lambda: _delivered(db))
        assert await _result(settings, workflow_id) == {"word": "BEGUN"}


async def test_sigterm_ends_a_worker_cleanly_and_the_next_goes_on(settings: ServiceSettings, tmp_path: Path) -> None:
    env = {
        "PYTHONPATH": str(ROOT),
        "RINGI_ENV": "test",
        **KEY_VARIABLES,
        "RINGI_ANALYTICS_DATABASE_URL": settings.database_url_for("analytics"),
        "RINGI_AUTH_DATABASE_URL": settings.database_url_for("auth"),
        "RINGI_KAFKA_BOOTSTRAP": settings.require("kafka_bootstrap"),
        "RINGI_TEMPORAL_ADDRESS": settings.require("temporal_address"),
        "RINGI_WORKER_METRICS_PORT": str(settings.worker_metrics_port),
    }
    async with _database(settings) as db:
        for count in (20, 40):
            command = [sys.executable, "-m", "tests.workers.kit_worker"]
            process = ServerProcess(command, log=tmp_path / "worker.log", env=env)
            try:
                await eventually(lambda: _answers(settings, "/readyz", 200))
                await create_things(db, 20)
                await eventually(lambda c=count: _applied(db, c))
                process.signal(signal.SIGTERM)
                assert await asyncio.to_thread(process.wait, 30) == 0, process.log.read_text()
            finally:
                process.kill()


async def test_a_defect_ends_the_process_instead_of_half_of_it(settings: ServiceSettings) -> None:
    async def broken(stop: asyncio.Event) -> None:
        raise ValueError("a defect")

    @asynccontextmanager
    async def compose_broken(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
        async with runtime.database("auth") as db:
            yield ServiceWorker("broken", db=db, loops=[broken])

    with pytest.raises(ExceptionGroup):
        await asyncio.wait_for(host(settings, [compose, compose_broken], asyncio.Event()), DEADLINE)


async def test_the_coming_months_of_the_outbox_are_created(settings: ServiceSettings) -> None:
    with psycopg.connect(settings.database_url_for("analytics")) as connection:
        for (name,) in connection.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'outbox'::regclass"
        ).fetchall():
            if name != "outbox_default":
                connection.execute(f"DROP TABLE {name}")
    async with hosted(settings, compose), _database(settings) as db:
        await eventually(lambda: _months(db))


async def _months(db: Database) -> bool:
    async with db.reader() as reader:
        query = "SELECT count(*) FROM pg_inherits WHERE inhparent = 'outbox'::regclass"
        return bool(await reader.scalar(query) == 4)
