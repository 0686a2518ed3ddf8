"""Rebuilds the read models from the event stream: into a shadow, beside the live ones, which readers see until the end.

The stream is read from its beginning. What arrives meanwhile is followed up, the last of it while the live consumer
waits, so that the exchange neither loses nor repeats an event. A stream that no longer holds everything that the live
model was made of (a broker that lost its data and has not been filled again, a retention that ran out, records that are
missing) is refused, and so is one that ends before the live consumer's position or says nothing for too long.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from aiokafka import TopicPartition

from services.analytics.consumer import CONSUMER, MODEL_TOPICS
from services.analytics.projections import shadow
from services.analytics.projections.events import RawEvent
from services.analytics.projections.shadow import Difference
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.events.broker import meet
from services.kit.events.stream import WHAT_TO_DO, Stream, StreamGapError, partitions_of
from services.kit.events.stream_ends import stream_ends
from services.kit.running.context import ActorContext
from services.kit.running.peers.kafka import Bootstrap

log = logging.getLogger(__name__)

REBUILD_LOCK: Final = 7_122_002
"""Advisory lock: one rebuild at a time."""
BATCH: Final = 2_000
"""Records in one transaction; twice as many are under way."""
POLL_MS: Final = 200
FOLLOWED: Final = 500
"""Once a read brings fewer records than this, the live consumer is made to wait for the last of them."""
SILENCE_SECONDS: Final = 60.0
"""Without a record that must still come; nobody, least of all the live consumer, waits longer than that."""
REASONS_KEPT: Final = 20
SORT_MEMORY: Final = "128MB"

Step = Callable[[UnitOfWork, Sequence[RawEvent]], Awaitable[None]]
LivePositions = Mapping[tuple[str, TopicPartition], int]
"""How far the live consumer has come, by cluster id and partition."""
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
    db: Database, bootstrap: Bootstrap, *, exchange: bool = True, force: bool = False, progress: Progress | None = None
) -> RebuildResult:
    """Builds the shadow, compares it with the live model, and exchanges them unless ``exchange`` is False.

    Raises RebuildError if another rebuild runs, if the live consumer follows another cluster or has read further than
    the stream goes, if records are missing in it, or if it lacks versions that the live model has (``force`` exchanges
    all the same).
    """
    async with db.reader() as reader:
        # Before the ends are asked for: what arrives in between must not look like a position beyond the end.
        positions = await _live_positions(reader)
    async with _alone(db), _events(bootstrap) as stream:
        stream.reaches(positions, stream.ends)
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


class _Events:
    """All records of the model's topics, from the first that the broker has."""

    def __init__(self, stream: Stream, cluster_id: str, ends: Mapping[TopicPartition, int]) -> None:
        self.cluster_id = cluster_id
        self.ends = dict(ends)
        """Where the partitions ended at the start."""
        self._stream = stream
        self._heard_at = time.monotonic()

    def left_before(self, ends: Mapping[TopicPartition, int]) -> int:
        """The number of records that have not been read, up to the given ends."""
        return sum(max(0, end - self._stream.positions[partition]) for partition, end in ends.items())

    def reaches(self, positions: LivePositions, ends: Mapping[TopicPartition, int]) -> None:
        """Raises RebuildError unless the live consumer's positions are of this cluster and within the stream."""
        for (cluster_id, partition), position in positions.items():
            if cluster_id != self.cluster_id:
                raise RebuildError("the live consumer has not yet met the present cluster")
            if position > ends.get(partition, 0):
                raise RebuildError(
                    f"topic {partition.topic}, partition {partition.partition} ends at {ends.get(partition, 0)}, before"
                    f" the live consumer's position {position}: the broker lost records ({WHAT_TO_DO})"
                )

    def ends_since(self, moment: float, positions: LivePositions) -> dict[TopicPartition, int]:
        """The ends as far as they matter: the live consumer's own positions where the broker has not told since."""
        told = {partition: self._stream.end_since(partition, moment) for _, partition in positions}
        return {p: position if (end := told[p]) is None else end for (_, p), position in positions.items()}

    async def read(self) -> list[bytes]:
        """What comes next, if anything does. Raises RebuildError for records that are missing."""
        try:
            found = await self._stream.read(timeout_ms=POLL_MS, max_records=BATCH)
        except StreamGapError as error:
            raise RebuildError(str(error)) from error
        if found:
            self._heard_at = time.monotonic()
        return [record.value for records in found.values() for record in records if record.value is not None]

    async def read_before(self, ends: Mapping[TopicPartition, int]) -> list[bytes]:
        """``read`` for who knows that there is more. Raises RebuildError if nothing came for too long."""
        records = await self.read()
        if not records and time.monotonic() - self._heard_at > SILENCE_SECONDS:
            raise RebuildError(f"{self.left_before(ends)} records did not come within {SILENCE_SECONDS:.0f} s")
        return records


@asynccontextmanager
async def _events(bootstrap: Bootstrap) -> AsyncIterator[_Events]:
    session = await meet(bootstrap)
    await session.ensure_topics(MODEL_TOPICS)
    async with session.consumer(max_records=BATCH) as kafka:
        partitions = await partitions_of(kafka, MODEL_TOPICS)
        ends = await stream_ends(kafka, partitions)
        stream = await Stream.from_beginning(session, kafka, partitions, reader="rebuild")
        yield _Events(stream, session.cluster_id, ends)


async def _load(db: Database, stream: _Events, result: RebuildResult, progress: Progress | None) -> None:
    """Up to the end that there was at the start. While PostgreSQL takes one batch the next is parsed."""
    ends = stream.ends
    total = stream.left_before(ends)
    under_way: set[asyncio.Task[None]] = set()

    async def load(records: Sequence[bytes]) -> None:
        async with db.transaction(ActorContext.system()) as uow:
            # What a crash loses of a shadow is dropped with it.
            await uow.execute("SET LOCAL synchronous_commit = off")
            await _take(uow, _parsed(records, result), shadow.load, result)

    while stream.left_before(ends):
        records = await stream.read_before(ends)
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


async def _follow(db: Database, stream: _Events, result: RebuildResult) -> None:
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
    uow: UnitOfWork, stream: _Events, result: RebuildResult, *, exchange: bool, force: bool
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


async def _reach_live_consumer(uow: UnitOfWork, stream: _Events, result: RebuildResult) -> None:
    """Reads as far as the live consumer has applied; being further does no harm, every version counts once."""
    began = time.time()
    live = await _live_positions(uow)
    stream.reaches(live, {partition: position for (_, partition), position in live.items()})
    goal = {partition: position for (_, partition), position in live.items() if position}
    while stream.left_before(goal):
        records = await stream.read_before(goal)
        if not records:
            stream.reaches(live, stream.ends_since(began, live))
        await _apply(uow, records, result)


async def _live_positions(reader: Reader) -> LivePositions:
    rows = await reader.all(
        "SELECT topic, partition, cluster_id, next_offset FROM consumer_positions WHERE consumer = %s", [CONSUMER]
    )
    return {(row["cluster_id"], TopicPartition(row["topic"], row["partition"])): row["next_offset"] for row in rows}


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
    async with db.transaction(ActorContext.system(), patient=True) as uow:
        await uow.execute(f"SET LOCAL work_mem = '{SORT_MEMORY}'")
        await uow.execute(f"SET LOCAL maintenance_work_mem = '{SORT_MEMORY}'")
        yield uow
