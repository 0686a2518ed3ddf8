"""Rebuilds the read models from the event stream: into a shadow, beside the live ones, which readers see until the end.

The stream is read from its beginning. What arrives meanwhile is followed up, the last of it while the live consumer
waits, so that the exchange neither loses nor repeats an event. A stream that no longer holds everything that the live
model was made of (a broker that lost its data and has not been filled again, or a retention that ran out) is refused.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition

from services.analytics.consumer import CONSUMER, MODEL_TOPICS
from services.analytics.projections import shadow
from services.analytics.projections.events import RawEvent
from services.analytics.projections.shadow import Difference
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.broker import meet
from services.kit.events.stream_ends import stream_ends
from services.kit.running.context import ActorContext

log = logging.getLogger(__name__)

REBUILD_LOCK: Final = 7_122_002
"""Advisory lock: one rebuild at a time."""
BATCH: Final = 2_000
"""Records in one transaction; twice as many are under way."""
POLL_MS: Final = 200
FOLLOWED: Final = 500
"""Once a read brings fewer records than this, the live consumer is made to wait for the last of them."""
REASONS_KEPT: Final = 20
SORT_MEMORY: Final = "128MB"

Step = Callable[[UnitOfWork, Sequence[RawEvent]], Awaitable[None]]
Progress = Callable[[int, int], None]
"""Called with the number of records read and of those there are."""


class RebuildError(Exception):
    """The rebuilt model was not put in place; the live one is untouched."""


@dataclass(slots=True)
class RebuildResult:
    """``refused``: records that no projection takes, as the live consumer's dead letters are; ``differences``: what
    the live model had otherwise."""

    records: int = 0
    refused: int = 0
    reasons: list[str] = field(default_factory=list)
    differences: list[Difference] = field(default_factory=list)
    exchanged: bool = False


async def rebuild(
    db: Database, bootstrap: str, *, exchange: bool = True, force: bool = False, progress: Progress | None = None
) -> RebuildResult:
    """Builds the shadow, compares it with the live model, and exchanges them unless ``exchange`` is False.

    Raises RebuildError if another rebuild runs, if the live consumer follows another cluster, or if the stream lacks
    versions that the live model has (``force`` exchanges all the same).
    """
    async with _alone(db), _stream(bootstrap) as stream:
        result = RebuildResult()
        async with _long_transaction(db) as uow:
            await shadow.drop(uow)
            await shadow.create(uow)
        try:
            await _load(db, stream, result, progress)
            async with _long_transaction(db) as uow:
                await shadow.finish(uow)
            await _follow(db, stream, result)
            async with _long_transaction(db) as uow:
                await _catch_up_and_exchange(uow, stream, result, exchange=exchange, force=force)
        finally:
            async with _long_transaction(db) as uow:
                await shadow.drop(uow)
        return result


class _Stream:
    """All records of the model's topics, from the beginning."""

    def __init__(self, consumer: AIOKafkaConsumer, cluster_id: str, ends: Mapping[TopicPartition, int]) -> None:
        self.cluster_id = cluster_id
        self._consumer = consumer
        self.ends = dict(ends)

    async def positions(self) -> dict[TopicPartition, int]:
        return {partition: await self._consumer.position(partition) for partition in self.ends}

    async def read(self) -> list[bytes]:
        found = await self._consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH)
        return [record.value for records in found.values() for record in records if record.value is not None]


@asynccontextmanager
async def _stream(bootstrap: str) -> AsyncIterator[_Stream]:
    session = await meet(bootstrap)
    await session.ensure_topics(MODEL_TOPICS)
    async with session.consumer(max_records=BATCH) as consumer:
        metadata = await consumer._client.fetch_all_metadata()
        partitions = [
            TopicPartition(topic, number)
            for topic in MODEL_TOPICS
            for number in sorted(metadata.partitions_for_topic(topic) or ())
        ]
        consumer.assign(partitions)
        ends = await stream_ends(consumer, partitions)
        await consumer.seek_to_beginning(*partitions)
        yield _Stream(consumer, session.cluster_id, ends)


async def _load(db: Database, stream: _Stream, result: RebuildResult, progress: Progress | None) -> None:
    """Up to the end that there was at the start. While PostgreSQL takes one batch the next is parsed."""
    ends = dict(stream.ends)
    total = sum(ends.values())
    under_way: set[asyncio.Task[None]] = set()

    async def load(records: Sequence[bytes]) -> None:
        async with db.transaction(ActorContext.system()) as uow:
            # What a crash loses of a shadow is dropped with it.
            await uow.execute("SET LOCAL synchronous_commit = off")
            await _take(uow, _parsed(records, result), shadow.load, result)

    while True:
        positions = await stream.positions()
        if all(positions[partition] >= end for partition, end in ends.items()):
            break
        records = await stream.read()
        result.records += len(records)
        under_way.add(asyncio.create_task(load(records)))
        if len(under_way) > 1:
            done, under_way = await asyncio.wait(under_way, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                task.result()
        if progress is not None:
            progress(result.records, total)
    await asyncio.gather(*under_way)


async def _take(uow: UnitOfWork, events: Sequence[RawEvent], step: Step, result: RebuildResult) -> None:
    """Applies events; corners what can't be applied by halving them, and takes all the rest."""
    await uow.execute("SAVEPOINT taken")
    try:
        await step(uow, events)
    except (psycopg.DataError, psycopg.IntegrityError, ValueError, KeyError, TypeError) as error:
        await uow.execute("ROLLBACK TO SAVEPOINT taken")
        if len(events) == 1:
            _refuse(result, f"{events[0].event_type} of {events[0].aggregate_id}: {error}")
            return
        middle = len(events) // 2
        await _take(uow, events[:middle], step, result)
        await _take(uow, events[middle:], step, result)
    else:
        await uow.execute("RELEASE SAVEPOINT taken")


def _parsed(records: Sequence[bytes], result: RebuildResult) -> list[RawEvent]:
    events = []
    for record in records:
        try:
            events.append(RawEvent.from_json(record))
        except (ValueError, KeyError, TypeError) as error:
            _refuse(result, f"no envelope: {error!r}")
    return events


def _refuse(result: RebuildResult, reason: str) -> None:
    result.refused += 1
    if len(result.reasons) < REASONS_KEPT:
        result.reasons.append(reason)


async def _follow(db: Database, stream: _Stream, result: RebuildResult) -> None:
    """What arrived while the shadow was built, in the way of the live consumer."""
    records = await stream.read()
    while True:
        async with db.transaction(ActorContext.system()) as uow:
            await _apply(uow, records, result)
        if len(records) < FOLLOWED:
            return
        records = await stream.read()


async def _apply(uow: UnitOfWork, records: Sequence[bytes], result: RebuildResult) -> None:
    result.records += len(records)
    await _take(uow, _parsed(records, result), shadow.follow, result)


async def _catch_up_and_exchange(
    uow: UnitOfWork, stream: _Stream, result: RebuildResult, *, exchange: bool, force: bool
) -> None:
    await shadow.lock(uow)
    await _reach_live_consumer(uow, stream, result)
    result.differences = await shadow.compare(uow)
    if not exchange:
        return
    lacking = [difference for difference in result.differences if difference.only_live]
    if lacking and not force:
        tables = ", ".join(f"{difference.table}: {difference.only_live}" for difference in lacking)
        raise RebuildError(f"the stream lacks rows that the live model has ({tables})")
    await shadow.exchange(uow)
    result.exchanged = True


async def _reach_live_consumer(uow: UnitOfWork, stream: _Stream, result: RebuildResult) -> None:
    """Reads as far as the live consumer has applied; being further does no harm, every version counts once."""
    rows = await uow.all(
        "SELECT topic, partition, cluster_id, next_offset FROM consumer_positions WHERE consumer = %s", [CONSUMER]
    )
    if any(row["cluster_id"] != stream.cluster_id for row in rows):
        raise RebuildError("the live consumer has not yet met the present cluster")
    live = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
    while True:
        positions = await stream.positions()
        if all(positions.get(partition, offset) >= offset for partition, offset in live.items()):
            return
        await _apply(uow, await stream.read(), result)


@asynccontextmanager
async def _alone(db: Database) -> AsyncIterator[None]:
    async with db.dedicated("rebuild") as connection:
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS locked", [REBUILD_LOCK])
        row: Any = await cursor.fetchone()
        if not row["locked"]:
            raise RebuildError("another rebuild is running")
        yield


@asynccontextmanager
async def _long_transaction(db: Database) -> AsyncIterator[UnitOfWork]:
    """Without the usual limit on a statement's time: what it does grows with the history."""
    async with db.transaction(ActorContext.system()) as uow:
        await uow.execute("SET LOCAL statement_timeout = 0")
        await uow.execute(f"SET LOCAL work_mem = '{SORT_MEMORY}'")
        await uow.execute(f"SET LOCAL maintenance_work_mem = '{SORT_MEMORY}'")
        await uow.execute("SET LOCAL idle_in_transaction_session_timeout = 0")
        yield uow
