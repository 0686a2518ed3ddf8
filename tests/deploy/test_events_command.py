"""`ringi events` is what an operator has when figures look wrong: it must see what waits, and mend it."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest
from typer.testing import CliRunner, Result

from deploy.cli import events
from deploy.events.services import SERVICES
from services.analytics import consumer as analytics
from services.contracts.topics import CUSTOMER_EVENTS
from services.kit.db.database import Database
from services.kit.events.broker import meet
from services.kit.running.settings import ServiceSettings
from tests.services.analytics.test_rebuild import consumed, records, send
from tests.services.analytics.world import World
from tests.support.broker import Broker
from tests.support.events import publish, running
from tests.support.keys import KEY_VARIABLES
from tests.support.waiting import eventually


@dataclass
class Run:
    databases: dict[str, Database]
    broker: Broker

    async def events(self, *arguments: str) -> Result:
        """`ringi events …`, in a thread of its own: the command runs its own loop."""
        return await asyncio.to_thread(CliRunner().invoke, events.app, list(arguments))


@pytest.fixture
async def system(
    fresh_database: Callable[[str], str], own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Run]:
    """Five databases and a broker, with an environment that names them; nothing runs."""
    urls = {service: fresh_database(service) for service in SERVICES}
    for service, url in urls.items():
        monkeypatch.setenv(f"RINGI_{service.upper()}_DATABASE_URL", url)
    monkeypatch.setenv("RINGI_KAFKA_BOOTSTRAP", own_broker.bootstrap)
    monkeypatch.setenv("RINGI_TEMPORAL_ADDRESS", "127.0.0.1:9")
    for name, value in KEY_VARIABLES.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RINGI_ENV", "test")
    async with AsyncExitStack() as stack:
        opened = {name: await stack.enter_async_context(Database(url, name=name)) for name, url in urls.items()}
        yield Run(opened, own_broker)


async def test_lag_shows_what_a_consumer_has_still_to_apply_and_then_rest(system: Run) -> None:
    world = World(31).populate(customers=3, meetings=3, tasks=3, requests=3)
    db = system.databases["analytics"]
    async with running(analytics.consumer(db, system.broker.bootstrap).run):
        await eventually(lambda: _positions(db))
    await send(system.broker, records(world.events))
    behind = await system.events("lag", "--json")
    assert behind.exit_code == 1, behind.output
    assert [c["behind"] for c in json.loads(behind.output)["consumers"]] == [len(world.events)]
    async with running(analytics.consumer(db, system.broker.bootstrap).run):
        await consumed(db, len(world.events))
    rest = await system.events("lag")
    assert rest.exit_code == 0, rest.output
    assert "analytics" in rest.output


async def _positions(db: Database) -> bool:
    async with db.reader() as reader:
        return bool(await reader.scalar("SELECT count(*) FROM consumer_positions"))


async def test_a_dead_letter_is_listed_and_after_the_cause_is_mended_redriven(system: Run) -> None:
    world = World(32).populate(customers=1, meetings=0, tasks=0, requests=0)
    db = system.databases["analytics"]
    event = next(event for event in world.events if event.event_type == "customer.created")
    async with db.dedicated("test") as connection:
        await connection.execute("ALTER TABLE customer_copies ADD CONSTRAINT broken CHECK (name <> '顧客')")
    await send(system.broker, records([event]))
    async with running(analytics.consumer(db, system.broker.bootstrap).run):
        await eventually(lambda: _letters(db))
    listed = await system.events("dead-letters")
    assert listed.exit_code == 1
    assert "customer.created" in listed.output
    assert str(event.aggregate_id) in listed.output
    still = await system.events("redrive", "--service", "analytics")
    assert (still.exit_code, still.output) == (1, "0 applied, 1 failed again.\n")
    async with db.dedicated("test") as connection:
        await connection.execute("ALTER TABLE customer_copies DROP CONSTRAINT broken")
    mended = await system.events("redrive")
    assert (mended.exit_code, mended.output) == (0, "1 applied, 0 failed again.\n")
    assert (await system.events("dead-letters")).exit_code == 0
    await consumed(db, 1)


async def _letters(db: Database) -> bool:
    async with db.reader() as reader:
        return bool(await reader.scalar("SELECT count(*) FROM dead_letters"))


async def test_tail_shows_events_without_anyones_data_unless_asked(system: Run) -> None:
    world = World(33).populate(customers=2, meetings=0, tasks=0, requests=0)
    await send(system.broker, records(world.events))
    await publish(await meet(system.broker.bootstrap), [(b"k", b"no event")], CUSTOMER_EVENTS)
    plain = await system.events("tail", "--topic", CUSTOMER_EVENTS, "--from-start", "--until-end")
    assert plain.exit_code == 0, plain.output
    assert plain.output.count("customer.created") == 2
    assert "a record that is no event" in plain.output
    assert "顧客" not in plain.output
    full = await system.events("tail", "--from-start", "--until-end", "--json", "--data")
    assert "顧客" in full.output
    assert (await system.events("tail", "--topic", "nonsense")).exit_code == 1


async def test_rebuild_checks_and_mends_the_read_models(system: Run) -> None:
    world = World(34).populate(customers=4, meetings=4, tasks=4, requests=4)
    db = system.databases["analytics"]
    await send(system.broker, records(world.events))
    async with running(analytics.consumer(db, system.broker.bootstrap).run):
        await consumed(db, len(world.events))
    assert (await system.events("rebuild", "--check")).exit_code == 0
    async with db.dedicated("test") as connection:
        await connection.execute("DELETE FROM read_model.task_history")
    differing = await system.events("rebuild", "--check")
    assert differing.exit_code == 1
    assert "task_history: 0 only live" in differing.output
    mended = await system.events("rebuild")
    assert mended.exit_code == 0, mended.output
    assert "in place" in mended.output
    await consumed(db, len(world.events))
    async with db.dedicated("test") as connection:
        await connection.execute(
            "INSERT INTO read_model.aggregated_metrics (metric, day, rep_id, count, amount, currency)"
            " VALUES ('x', '2026-01-01', %s, 1, 0, '')",
            [world.reps[0]],
        )
    refused = await system.events("rebuild")
    assert refused.exit_code == 1


async def test_an_unreachable_part_is_said_in_two_lines(system: Run) -> None:
    system.broker.kill()
    answer = await system.events("lag")
    assert answer.exit_code == 1
    assert "Traceback" not in answer.output
    assert ServiceSettings().kafka_bootstrap == system.broker.bootstrap
