"""Writing events, running relays and consumers beside a test, and reading what a broker holds."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from uuid import UUID

from aiokafka import TopicPartition

from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.broker import ClusterSession, meet
from services.kit.events.envelope import Envelope
from services.kit.events.outbox import record_changes, record_created
from services.kit.events.stream import Stream, partitions_of
from services.kit.events.stream_ends import stream_ends
from services.kit.running.context import ActorContext
from services.kit.running.peers.kafka import Bootstrap
from tests.support.kit_tables import THINGS_TOPIC, ThingCreated, ThingRenamed, insert_thing

STOP_SECONDS = 30


@asynccontextmanager
async def running(*loops: Callable[[asyncio.Event], Awaitable[None]]) -> AsyncIterator[None]:
    """``run(stop)`` of relays or consumers for the length of the block; an error of theirs fails the test."""
    stop = asyncio.Event()
    tasks = [asyncio.ensure_future(loop(stop)) for loop in loops]
    try:
        yield
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(*tasks), STOP_SECONDS)


async def create_things(db: Database, count: int, renames: int = 0) -> list[UUID]:
    """Targets with an event each, in one transaction, renamed the given number of times in others."""
    things: list[UUID] = []
    async with db.transaction(ActorContext.system()) as uow:
        for number in range(count):
            thing = await insert_thing(uow, str(number))
            await record_created(uow, aggregate_id=thing, event=ThingCreated(thing_id=thing, name=str(number)))
            things.append(thing)
    for number in range(renames):
        await rename_things(db, things, f"renamed {number}")
    return things


async def rename_things(db: Database, things: Sequence[UUID], name: str) -> None:
    async with db.transaction(ActorContext.system()) as uow:
        await record_changes(uow, table="things", events=[(t, ThingRenamed(thing_id=t, name=name)) for t in things])


async def outbox_count(db: Database, where: str = "true") -> int:
    async with db.reader() as reader:
        count: int = await reader.scalar(f"SELECT count(*) FROM outbox WHERE {where}")  # noqa: S608
    return count


async def effects(db: Database) -> list[tuple[UUID, str]]:
    """What ``record_effects`` wrote, in order."""
    async with db.reader() as reader:
        rows = await reader.all("SELECT event_id, name FROM effects ORDER BY at_position")
    return [(row["event_id"], row["name"]) for row in rows]


async def record_effects(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
    """An effect that shows how often, and in which order, events were applied."""
    for envelope in envelopes:
        await uow.execute(
            "INSERT INTO effects (event_id, name) VALUES (%s, %s)", [envelope.event_id, envelope.data["name"]]
        )


async def published(bootstrap: Bootstrap, topic: str = THINGS_TOPIC) -> list[Envelope]:
    """All events that the broker holds of a topic, by partition and offset."""
    return [event for events in (await published_by_partition(bootstrap, topic)).values() for event in events]


async def published_by_partition(
    bootstrap: Bootstrap, topic: str = THINGS_TOPIC
) -> dict[TopicPartition, list[Envelope]]:
    session = await meet(bootstrap)
    await session.ensure_topics([topic])
    async with session.consumer(max_records=1000) as kafka:
        partitions = await partitions_of(kafka, [topic])
        ends = await stream_ends(kafka, partitions)
        stream = await Stream.from_beginning(session, kafka, partitions, reader="test")
        found: dict[TopicPartition, list[Envelope]] = {partition: [] for partition in partitions}
        while any(stream.positions[partition] < ends[partition] for partition in partitions):
            for partition, records in (await stream.read(timeout_ms=500, max_records=1000)).items():
                found[partition] += [Envelope.from_json(record.value) for record in records]
    return found


async def publish(
    session: ClusterSession,
    bodies: Sequence[tuple[bytes, bytes]],
    topic: str = THINGS_TOPIC,
    *,
    partition: int | None = None,
) -> None:
    """Records (key, body) as a foreign producer would send them, one by one."""
    await session.ensure_topics([topic])
    async with session.producer() as producer:
        for key, body in bodies:
            await producer.send_and_wait(topic, body, key=key, partition=partition)
