"""A record that the broker does not hand out is waited for, and never passed over without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from uuid import uuid4

import orjson
import pytest
from aiokafka import ConsumerRecord, TopicPartition
from prometheus_client import REGISTRY

from services.kit.db.database import Database
from services.kit.events import consumer as consumer_module
from services.kit.events import stream as stream_module
from services.kit.events.broker import meet
from services.kit.events.consumer import Consumer
from services.kit.events.event_relay import EventRelay
from services.kit.events.stream import Stream, StreamGapError, partitions_of
from services.kit.running.context import ActorContext
from tests.support.broker import Broker
from tests.support.events import create_things, effects, publish, published, record_effects, running
from tests.support.hiding import Hides, hiding
from tests.support.kit_tables import THINGS_TOPIC, create_kit_tables
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually

PARTITION = TopicPartition(THINGS_TOPIC, 0)
PRODUCERS, TRANSACTIONS, TOGETHER = 5, 80, 5


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream_module, "GAP_LONGEST_SECONDS", 0.2)
    monkeypatch.setattr(consumer_module, "STOPPED_SECONDS", 0.2)


def body(name: str) -> bytes:
    event = {"eventId": uuid4(), "eventType": "thing.created", "timestamp": "2026-10-08T10:00:00Z"}
    return orjson.dumps(event | {"aggregateId": uuid4(), "aggregateVersion": 1, "data": {"name": name}})


def consumer(db: Database, broker: Broker) -> Consumer:
    return Consumer(db, bootstrap=broker.bootstrap, name="test", topics=[THINGS_TOPIC], apply=record_effects)


async def send(broker: Broker, *names: str) -> None:
    """All of them, one batch each, into one partition."""
    await publish(await meet(broker.bootstrap), [(b"k", body(name)) for name in names], partition=0)


async def names(db: Database) -> list[str]:
    return [name for _, name in await effects(db)]


async def applied(db: Database, count: int) -> bool:
    return len(await effects(db)) >= count


def stopped() -> float | None:
    return REGISTRY.get_sample_value("ringi_consumer_stopped", {"consumer": "test"})


@pytest.fixture
async def databases(postgres: PostgresServer) -> AsyncIterator[list[Database]]:
    urls = [postgres.database_from("kit", create_kit_tables) for _ in range(PRODUCERS)]
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(Database(url, name="kit")) for url in urls]
    for url in urls:
        postgres.drop(url)


async def test_every_record_of_five_producers_on_one_partition_is_applied_once(
    databases: list[Database], own_broker: Broker
) -> None:
    relays = [EventRelay(db, own_broker.bootstrap, own_partitions={THINGS_TOPIC: 0}) for db in databases]

    async def write(db: Database) -> None:
        """In many small transactions, so that there are many batches."""
        for _ in range(TRANSACTIONS):
            await create_things(db, TOGETHER)

    async with running(consumer(databases[0], own_broker).run, *(relay.run for relay in relays)):
        await asyncio.gather(*(write(db) for db in databases))
        await eventually(lambda: applied(databases[0], PRODUCERS * TRANSACTIONS * TOGETHER))
    written = []
    for db in databases:
        async with db.reader() as reader:
            written += [row["event_id"] for row in await reader.all("SELECT event_id FROM outbox")]
    assert sorted(event_id for event_id, _ in await effects(databases[0])) == sorted(written)
    assert {event.event_id for event in await published(own_broker.bootstrap)} == set(written)


HIDDEN: dict[str, Hides] = {
    "the first": lambda record: record.offset < 2,
    "in the middle": lambda record: 3 <= record.offset < 6,
    "every second": lambda record: record.offset % 2 == 1,
}


@pytest.mark.parametrize("hides", HIDDEN.values(), ids=HIDDEN.keys())
async def test_records_that_are_late_to_be_seen_are_applied_in_their_order(
    database: Database, own_broker: Broker, hides: Hides
) -> None:
    everything = [str(number) for number in range(10)]
    await send(own_broker, *everything)
    with hiding(hides, fetches=3) as hidden:
        async with running(consumer(database, own_broker).run):
            await eventually(lambda: applied(database, 10))
    assert hidden.fetches == 3
    assert await names(database) == everything


async def test_records_that_stay_missing_stop_the_consumer_until_they_come(
    database: Database, own_broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    everything = [str(number) for number in range(10)]
    await send(own_broker, *everything)
    with hiding(lambda record: record.offset in (4, 5)) as hidden:
        late = consumer(database, own_broker)
        async with running(late.run):
            await eventually(lambda: late.stopped_by is not None)
            assert await names(database) == everything[:4]
            assert stopped() == 1
            assert "ringi events republish" in caplog.text
            assert "it goes on at 6 instead of 4" in caplog.text
            hidden.show()
            await eventually(lambda: applied(database, 10))
            await eventually(lambda: stopped() == 0)
    assert await names(database) == everything
    assert late.stopped_by is None


async def test_a_gap_in_one_partition_does_not_hold_up_the_others_while_it_may_close(
    database: Database, own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream_module, "GAP_TRIES", 10_000)
    session = await meet(own_broker.bootstrap)
    await publish(session, [(b"k", body("hidden")), (b"k", body("behind"))], partition=0)
    with hiding(lambda record: record.partition == 0 and record.offset == 0) as hidden:
        async with running(consumer(database, own_broker).run):
            await eventually(lambda: hidden.fetches > 0)
            await publish(session, [(b"k", body("elsewhere"))], partition=1)
            await eventually(lambda: applied(database, 1))
            assert await names(database) == ["elsewhere"]
            hidden.show()
            await eventually(lambda: applied(database, 3))


async def _stored(db: Database) -> int:
    async with db.reader() as reader:
        found: int = await reader.scalar("SELECT next_offset FROM consumer_positions WHERE partition = 0")
    return found


async def _move(db: Database, position: int) -> None:
    async with db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE consumer_positions SET next_offset = %s WHERE partition = 0", [position])


async def test_a_topic_that_ends_before_the_position_stops_the_consumer_even_when_it_grows_past_it(
    database: Database, own_broker: Broker
) -> None:
    """As after an election that lost acknowledged records: what stands at the old offsets then are other records."""
    await send(own_broker, "0", "1", "2")
    async with running(consumer(database, own_broker).run):
        await eventually(lambda: applied(database, 3))
    await _move(database, 5)
    late = consumer(database, own_broker)
    async with running(late.run):
        await eventually(lambda: late.stopped_by is not None)
        assert "it ends at 3, before the reader's position 5" in str(late.stopped_by)
        await send(own_broker, "3", "4", "5", "6")
        looks = asyncio.create_task(_looks(late, 2))
        await looks
        assert await names(database) == ["0", "1", "2"]
        await _move(database, 0)
        await eventually(lambda: applied(database, 7))
    assert await names(database) == ["0", "1", "2", "3", "4", "5", "6"]


async def _looks(of: Consumer, count: int) -> None:
    """Waits until the stopped consumer has looked again that many times."""
    seen: list[BaseException] = []
    look = of._stand_still

    async def noted(error: StreamGapError, stop: asyncio.Event) -> None:
        seen.append(error)
        await look(error, stop)

    of._stand_still = noted  # type: ignore[method-assign]
    await eventually(lambda: len(seen) >= count)


async def test_a_reader_whose_position_the_broker_no_longer_keeps_is_told_at_once(own_broker: Broker) -> None:
    await send(own_broker, *"abcdef")
    session = await meet(own_broker.bootstrap)
    async with own_broker.without(PARTITION, before=4), session.consumer(max_records=100) as kafka:
        with pytest.raises(StreamGapError, match="begins at 4, after the reader's position 1: its retention ran out"):
            await Stream.open(session, kafka, {PARTITION: 1}, reader="test")
        partitions = await partitions_of(kafka, [THINGS_TOPIC])
        stream = await Stream.from_beginning(session, kafka, partitions, reader="test")
        records: list[ConsumerRecord] = []

        async def read() -> bool:
            for found in (await stream.read(timeout_ms=100, max_records=100)).values():
                records.extend(found)
            return len(records) == 2

        await eventually(read)
    assert [record.offset for record in records] == [4, 5]


async def test_a_consumer_that_comes_after_the_retention_ran_out_stops(database: Database, own_broker: Broker) -> None:
    await send(own_broker, *"abcdef")
    late = consumer(database, own_broker)
    async with own_broker.without(PARTITION, before=4), running(late.run):
        await eventually(lambda: late.stopped_by is not None)
        assert await names(database) == []
    assert late.stopped_by is not None
    assert (late.stopped_by.gap.start, late.stopped_by.gap.resume_at) == (4, 4)
