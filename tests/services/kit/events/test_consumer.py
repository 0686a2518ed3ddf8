"""What consumers make of events: each once in effect, whatever is repeated, reordered, poisoned or killed."""

import asyncio
from uuid import UUID, uuid4

import orjson
import pytest
from aiokafka import AIOKafkaConsumer

from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import Unavailable
from services.kit.events.broker import FETCH_MAX_WAIT_AT_REST_MS, FETCH_MAX_WAIT_MS, meet, pace
from services.kit.events.consumer import Consumer
from services.kit.events.envelope import Envelope
from services.kit.events.event_relay import EventRelay
from services.kit.running.context import ActorContext
from tests.support.broker import Broker
from tests.support.events import create_things, effects, outbox_count, publish, record_effects, rename_things, running
from tests.support.kit_tables import THINGS_TOPIC
from tests.support.waiting import eventually


def consumer(db: Database, broker: Broker, apply=record_effects) -> Consumer:
    return Consumer(db, bootstrap=broker.bootstrap, name="test", topics=[THINGS_TOPIC], apply=apply)


async def _applied(db: Database, count: int) -> bool:
    return len(await effects(db)) >= count


async def test_each_event_is_applied_once_in_the_order_of_its_aggregate(database: Database, own_broker: Broker) -> None:
    things = await create_things(database, 150, renames=3)
    async with running(EventRelay(database, own_broker.bootstrap).run, consumer(database, own_broker).run):
        await eventually(lambda: _applied(database, 600))
        await rename_things(database, things, "last")
        await eventually(lambda: _applied(database, 750))
    applied = await effects(database)
    assert len({event_id for event_id, _ in applied}) == len(applied) == 750
    async with database.reader() as reader:
        rows = await reader.all("SELECT event_id, aggregate_id, aggregate_version FROM outbox")
    of = {row["event_id"]: (row["aggregate_id"], row["aggregate_version"]) for row in rows}
    seen: dict[UUID, int] = {}
    for event_id, _ in applied:
        aggregate, version = of[event_id]
        assert version == seen.get(aggregate, 0) + 1
        seen[aggregate] = version


async def test_a_consumer_asks_seldom_while_nothing_comes_and_often_when_something_does(
    database: Database, own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[tuple[int, int]] = []
    """How long the broker might hold a fetch: before and after each setting, as aiokafka itself keeps it."""

    def noted(kafka: AIOKafkaConsumer, *, at_rest: bool) -> None:
        before = kafka._fetcher._fetch_max_wait_ms
        pace(kafka, at_rest=at_rest)
        waits.append((before, kafka._fetcher._fetch_max_wait_ms))

    monkeypatch.setattr("services.kit.events.consumer.pace", noted)
    async with running(EventRelay(database, own_broker.bootstrap).run, consumer(database, own_broker).run):
        await eventually(lambda: (FETCH_MAX_WAIT_MS, FETCH_MAX_WAIT_AT_REST_MS) in waits)
        await create_things(database, 10)
        await eventually(lambda: _applied(database, 10))
        await eventually(lambda: (FETCH_MAX_WAIT_AT_REST_MS, FETCH_MAX_WAIT_MS) in waits)


async def test_a_broker_that_lost_everything_changes_nothing_that_was_applied(
    database: Database, own_broker: Broker
) -> None:
    async with running(EventRelay(database, own_broker.bootstrap).run, consumer(database, own_broker).run):
        things = await create_things(database, 100)
        await eventually(lambda: _applied(database, 100))
        own_broker.restart()
        await rename_things(database, things, "after the loss")
        await eventually(lambda: _applied(database, 200))
        cluster = own_broker.cluster_id
        await eventually(lambda: _consumed_all(database, cluster, 200))
    applied = await effects(database)
    assert len({event_id for event_id, _ in applied}) == len(applied) == 200


async def _consumed_all(db: Database, cluster: str, count: int) -> bool:
    async with db.reader() as reader:
        rows = await reader.all(
            "SELECT cluster_id, next_offset FROM consumer_positions WHERE topic = %s", [THINGS_TOPIC]
        )
    return {row["cluster_id"] for row in rows} == {cluster} and sum(row["next_offset"] for row in rows) == count


async def test_two_consumers_of_a_name_share_the_work_of_one(database: Database, own_broker: Broker) -> None:
    first, second = consumer(database, own_broker), consumer(database, own_broker)
    async with running(EventRelay(database, own_broker.bootstrap).run, first.run, second.run):
        await create_things(database, 100)
        await eventually(lambda: _applied(database, 100))
    applied = await effects(database)
    assert len({event_id for event_id, _ in applied}) == len(applied) == 100


async def _poison(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
    await record_effects(uow, envelopes)
    if any(envelope.data["name"] == "37" for envelope in envelopes):
        raise ValueError("can't apply 37")


async def test_a_poisoned_event_goes_to_the_dead_letters_and_the_rest_is_applied(
    database: Database, own_broker: Broker
) -> None:
    await create_things(database, 100)
    poisoned = consumer(database, own_broker, _poison)
    async with running(EventRelay(database, own_broker.bootstrap).run, poisoned.run):
        await eventually(lambda: _applied(database, 99))
        await eventually(lambda: _dead_letters(database))
    names = {name for _, name in await effects(database)}
    assert names == {str(number) for number in range(100)} - {"37"}
    (letter,) = await _dead_letters(database)
    assert "can't apply 37" in letter["reason"]
    assert (letter["attempts"], letter["topic"], letter["redriven_at"]) == (3, THINGS_TOPIC, None)
    assert await outbox_count(database, "topic = 'dead-letter' AND event_type = 'dead_letter.recorded'") == 1

    assert await poisoned.redrive() == (0, 1)
    (letter,) = await _dead_letters(database)
    assert letter["attempts"] == 4
    mended = consumer(database, own_broker)
    assert await mended.redrive() == (1, 0)
    assert await mended.redrive() == (0, 0)
    assert "37" in {name for _, name in await effects(database)}


async def _dead_letters(db: Database) -> list:
    async with db.reader() as reader:
        return await reader.all("SELECT * FROM dead_letters")


@pytest.mark.parametrize("body", [b"not json", b"[]", b'{"eventId": "x"}', b""])
async def test_a_record_that_is_no_event_does_not_stop_the_consumer(
    database: Database, own_broker: Broker, body: bytes
) -> None:
    await publish(await meet(own_broker.bootstrap), [(b"k", body)])
    async with running(EventRelay(database, own_broker.bootstrap).run, consumer(database, own_broker).run):
        await create_things(database, 10)
        await eventually(lambda: _applied(database, 10))
        await eventually(lambda: _dead_letters(database))
    (letter,) = await _dead_letters(database)
    assert (letter["event_id"], bytes(letter["body"])) == (None, body)


async def test_an_event_sent_twice_counts_once(database: Database, own_broker: Broker) -> None:
    def body(event_id: UUID, name: str) -> bytes:
        fields = {"eventId": event_id, "eventType": "thing.created", "timestamp": "2026-10-08T10:00:00Z"}
        return orjson.dumps(fields | {"aggregateId": uuid4(), "aggregateVersion": 1, "data": {"name": name}})

    first, second = uuid4(), uuid4()
    bodies = [(b"k", body(first, "a")), (b"k", body(first, "a")), (b"k", body(second, "b")), (b"x", body(first, "a"))]
    await publish(await meet(own_broker.bootstrap), bodies)
    async with running(consumer(database, own_broker).run):
        await eventually(lambda: _applied(database, 2))
        await eventually(lambda: _consumed_all(database, own_broker.cluster_id, 4))
    assert sorted(name for _, name in await effects(database)) == ["a", "b"]


async def test_an_owner_that_can_not_be_asked_holds_the_batch_and_loses_nothing(
    database: Database, own_broker: Broker
) -> None:
    failures = 5

    async def flaky(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
        nonlocal failures
        await record_effects(uow, envelopes)
        if failures:
            failures -= 1
            raise Unavailable("the owner does not answer")

    await create_things(database, 20)
    async with running(EventRelay(database, own_broker.bootstrap).run, consumer(database, own_broker, flaky).run):
        await eventually(lambda: _applied(database, 20))
    assert len(await effects(database)) == 20
    assert not await _dead_letters(database)


async def test_a_consumer_that_slept_past_its_lease_changes_nothing(database: Database, own_broker: Broker) -> None:
    """It holds a batch open while another consumer of the name, thinking the lease free, applies it."""
    holding, release = asyncio.Event(), asyncio.Event()

    async def slow(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
        await record_effects(uow, envelopes)
        holding.set()
        await release.wait()

    await create_things(database, 10)
    sleeper = consumer(database, own_broker, slow)
    async with running(EventRelay(database, own_broker.bootstrap).run, sleeper.run):
        await holding.wait()
        # What the server does to the sessions of a process that is stopped for longer than it allows.
        await _end_sessions_of(database, "ringi-kit-consumer:test")
        await _end_sessions_of(database, "ringi-kit-write")
        async with running(consumer(database, own_broker).run):
            await eventually(lambda: _applied(database, 10))
            release.set()
            await create_things(database, 10)
            await eventually(lambda: _applied(database, 20))
    applied = await effects(database)
    assert len({event_id for event_id, _ in applied}) == len(applied) == 20


async def _end_sessions_of(db: Database, application: str) -> None:
    async with db.reader() as reader:
        query = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s"
            " AND datname = current_database()"
        )
        assert await reader.all(query, [application])


async def test_a_stale_position_rolls_the_batch_back(database: Database, own_broker: Broker) -> None:
    moved = False

    async def apply(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
        await record_effects(uow, envelopes)

    await create_things(database, 10)
    async with running(EventRelay(database, own_broker.bootstrap).run, consumer(database, own_broker, apply).run):
        await eventually(lambda: _applied(database, 10))
        async with database.transaction(ActorContext.system()) as uow:
            moved = bool(await uow.execute("UPDATE consumer_positions SET next_offset = 0"))
        await create_things(database, 10)
        await eventually(lambda: _applied(database, 20))
        await eventually(lambda: _consumed_all(database, own_broker.cluster_id, 20))
    assert moved
    assert len(await effects(database)) == 20
