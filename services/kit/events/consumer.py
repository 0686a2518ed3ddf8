"""Applies events from Kafka: batches in one transaction each, exactly once in effect, poison to the dead letters.

Partitions are assigned by hand to the one active consumer of a name (a lease in its database). A gap in a partition
stops it, with an error that says what to do, until the gap has closed or an operator lets it go on. In the transaction
stand the positions (moved only from where the batch started, so that a consumer that slept past its lease changes
nothing), the inbox (an event id counts once) and the effect. What can't be applied is cornered by halving the batch.
"""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from typing import Final
from uuid import UUID

import psycopg
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError
from opentelemetry.trace import SpanKind
from prometheus_client import Counter, Gauge, Histogram

from services.kit.db.database import CONNECTION_ERRORS, Database, is_transient
from services.kit.db.lease import Lease, LeaseLostError, hold_lease
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import Unavailable
from services.kit.events.broker import meet, pace
from services.kit.events.dead_letters import Apply, Redriven, bury, redrive
from services.kit.events.envelope import Envelope
from services.kit.events.positions import PositionMovedError, Positions, Record
from services.kit.events.stream import Stream, StreamGapError, partitions_of
from services.kit.running import clock, crashpoints, tracing
from services.kit.running.backoff import Backoff, delay, pause
from services.kit.running.context import ActorContext
from services.kit.running.peers.kafka import Bootstrap

__all__ = ["PARKED", "Apply", "Consumer"]

log = logging.getLogger(__name__)

BATCH: Final = 500
"""Records in one transaction (measured: 10 times the rate of one transaction each)."""
POLL_MS: Final = 500
APPLY_ATTEMPTS: Final = 3
"""Tries of a single event before it is a dead letter."""
PARTITIONS_CHECKED_SECONDS: Final = 60.0
"""A topic may grow in production; its new partitions are found after this time at the latest."""
STOPPED_SECONDS: Final = 30.0
"""How often a consumer that stands before a gap looks whether it may go on."""

APPLIED = Counter("ringi_consumer_events_total", "Events applied", ["consumer"])
REPEATED = Counter("ringi_consumer_repeated_total", "Events received again and left out", ["consumer"])
DEAD_LETTERS = Counter("ringi_consumer_dead_letters_total", "Events that became dead letters", ["consumer"])
STOPPED = Gauge("ringi_consumer_stopped", "1 while a gap in a partition stops the consumer", ["consumer"])
FAILURES = Counter("ringi_consumer_failures_total", "Batches that failed and were tried again", ["consumer"])
DELAY = Histogram(
    "ringi_event_delay_seconds",
    "From a change's commit until a consumer had applied its event",
    ["consumer"],
    buckets=(0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 1800.0),
)
PARKED = Gauge("ringi_consumer_parked", "Events that a projection keeps until earlier ones arrive", ["consumer"])


class UndecodableError(ValueError):
    """The body of a record is no envelope: no retry can help."""


class Consumer:
    """``apply(uow, envelopes)`` gets events that were never applied before, in the order of their partition.

    It must do its effect through ``uow`` only. Raising Unavailable, OSError or an error of the connection has the
    batch tried again; anything else is the fault of an event, which ends in the dead letters.
    """

    def __init__(self, db: Database, *, bootstrap: Bootstrap, name: str, topics: Sequence[str], apply: Apply) -> None:
        self.name = name
        self.db = db
        self.topics = tuple(topics)
        self.stopped_by: StreamGapError | None = None
        """The gap before which it stands. Nothing is applied until it has closed or an operator has decided."""
        self._bootstrap = bootstrap
        self._apply = apply

    async def run(self, stop: asyncio.Event) -> None:
        """Returns when ``stop`` is set; survives the loss of database and broker."""
        backoff = Backoff()
        while not stop.is_set():
            try:
                async with hold_lease(self.db, f"consumer:{self.name}", stop) as lease:
                    while lease is not None and not stop.is_set():
                        lease.check()
                        try:
                            await self._consume(lease, stop, backoff)
                        except StreamGapError as error:
                            await self._stand_still(error, stop)
                        except (KafkaError, PositionMovedError) as error:
                            await self._failed(error, backoff, stop)
            except (*CONNECTION_ERRORS, OSError) as error:
                await self._failed(error, backoff, stop)

    async def redrive(self, ids: Sequence[UUID] | None = None) -> Redriven:
        """Applies dead letters of this consumer again (``ringi events redrive``). See dead_letters.redrive."""
        return await redrive(self.db, consumer=self.name, apply=self._apply, ids=ids)

    async def _failed(self, error: Exception, backoff: Backoff, stop: asyncio.Event) -> None:
        FAILURES.labels(self.name).inc()
        log.warning("consumer starts again: %r", error, extra={"consumer": self.name})
        await backoff.pause(stop)

    async def _stand_still(self, error: StreamGapError, stop: asyncio.Event) -> None:
        self.stopped_by = error
        STOPPED.labels(self.name).set(1)
        log.error("consumer stopped: %s", error, extra={"consumer": self.name})
        await pause(stop, STOPPED_SECONDS)

    def _goes_on(self, positions: Mapping[TopicPartition, int]) -> None:
        """Past the gap that stopped it, if one did: it has closed, or an operator has moved the position."""
        if self.stopped_by is not None:
            if positions.get(self.stopped_by.gap.partition) == self.stopped_by.gap.position:
                return
            log.info("consumer goes on", extra={"consumer": self.name})
        self.stopped_by = None
        STOPPED.labels(self.name).set(0)

    async def _consume(self, lease: Lease, stop: asyncio.Event, backoff: Backoff) -> None:
        """One session with a cluster; returns when partitions were added."""
        session = await meet(self._bootstrap)
        await session.ensure_topics(self.topics)
        async with session.consumer(max_records=BATCH) as kafka:
            partitions = await partitions_of(kafka, self.topics)
            positions = Positions(self.name, session.cluster_id)
            stored = await positions.load(self.db, partitions)
            if self.stopped_by is not None and self.stopped_by.gap.closes_in_appearance_only(stored):
                raise self.stopped_by
            stream = await Stream.open(session, kafka, stored, reader=self.name)
            await self._poll(kafka, stream, positions, lease, stop, backoff)

    async def _poll(
        self,
        kafka: AIOKafkaConsumer,
        stream: Stream,
        positions: Positions,
        lease: Lease,
        stop: asyncio.Event,
        backoff: Backoff,
    ) -> None:
        loop = asyncio.get_running_loop()
        checked_at = loop.time()
        while not stop.is_set():
            fetched = await stream.read(timeout_ms=POLL_MS, max_records=BATCH)
            lease.check()
            records = [Record.read(partition, item) for partition, items in fetched.items() for item in items]
            pace(kafka, at_rest=not records)
            if records:
                await self._apply_all(records, positions, lease, stop)
            self._goes_on(stream.positions)
            backoff.reset()
            if loop.time() - checked_at > PARTITIONS_CHECKED_SECONDS:
                checked_at = loop.time()
                if set(await partitions_of(kafka, self.topics)) != set(stream.positions):
                    return

    async def _apply_all(self, records: list[Record], positions: Positions, lease: Lease, stop: asyncio.Event) -> None:
        """Applies the records in order. ``stop`` ends it early: what was not applied comes again."""
        chunks, failures = [records], 0
        while chunks and not stop.is_set():
            chunk = chunks[0]
            try:
                await self._apply_chunk(chunk, positions)
            except (PositionMovedError, LeaseLostError):
                raise
            except Exception as error:
                failures += 1
                FAILURES.labels(self.name).inc()
                transient = is_transient(error) or isinstance(error, Unavailable)
                if len(chunk) > 1 and (not transient or isinstance(error, psycopg.errors.QueryCanceled)):
                    middle = len(chunk) // 2
                    chunks[0:1] = [chunk[:middle], chunk[middle:]]
                    failures = 0
                elif transient or (failures < APPLY_ATTEMPTS and not isinstance(error, UndecodableError)):
                    log.warning("batch is tried again: %r", error, extra={"consumer": self.name, "size": len(chunk)})
                    await pause(stop, delay(failures))
                    lease.check()
                else:
                    await self._bury(chunk[0], positions, error, failures)
                    chunks.pop(0)
                    failures = 0
            else:
                chunks.pop(0)
                failures = 0

    async def _apply_chunk(self, chunk: Sequence[Record], positions: Positions) -> None:
        envelopes = [record.envelope for record in chunk if record.envelope is not None]
        if len(envelopes) < len(chunk):
            raise UndecodableError(next(record.defect for record in chunk if record.defect is not None))
        async with self.db.transaction(ActorContext.system()) as uow:
            await positions.advance(uow, chunk)
            fresh = await self._fresh(uow, envelopes)
            if fresh:
                await self._apply_traced(uow, fresh)
            crashpoints.reach(crashpoints.CONSUMER_APPLIED)
        positions.confirm(chunk)
        APPLIED.labels(self.name).inc(len(fresh))
        REPEATED.labels(self.name).inc(len(chunk) - len(fresh))
        applied_at, delay_of = clock.now(), DELAY.labels(self.name)
        for envelope in fresh:
            delay_of.observe(max(0.0, (applied_at - envelope.timestamp).total_seconds()))
        crashpoints.reach(crashpoints.CONSUMER_COMMITTED)

    async def _apply_traced(self, uow: UnitOfWork, fresh: list[Envelope]) -> None:
        """A span for each trace that has events in the batch; effects belong to it where there is only one."""
        parents = [envelope.traceparent for envelope in fresh]
        with tracing.spans(f"{self.name} apply", parents, SpanKind.CONSUMER) as own:
            uow.context = ActorContext.system(traceparent=next(iter(own.values())) if len(own) == 1 else None)
            await self._apply(uow, fresh)

    async def _fresh(self, uow: UnitOfWork, envelopes: Sequence[Envelope]) -> list[Envelope]:
        """Those that the inbox did not know, once each. Sorted inserts keep two batches from a deadlock."""
        rows = await uow.all(
            "INSERT INTO inbox (consumer, event_id) SELECT %s, event_id FROM unnest(%s::uuid[]) AS event_id"
            " ORDER BY event_id ON CONFLICT DO NOTHING RETURNING event_id",
            [self.name, [envelope.event_id for envelope in envelopes]],
        )
        new = {row["event_id"] for row in rows}
        fresh = []
        for envelope in envelopes:
            if envelope.event_id in new:
                new.remove(envelope.event_id)
                fresh.append(envelope)
        return fresh

    async def _bury(self, record: Record, positions: Positions, error: Exception, attempts: int) -> None:
        log.error(
            "event becomes a dead letter: %r",
            error,
            extra={"consumer": self.name, "topic": record.partition.topic, "offset": record.offset},
        )
        async with self.db.transaction(ActorContext.system()) as uow:
            await positions.advance(uow, [record])
            await bury(
                uow,
                consumer=self.name,
                cluster_id=positions.cluster_id,
                record=record,
                reason=f"{type(error).__name__}: {error}",
                attempts=attempts,
            )
        positions.confirm([record])
        DEAD_LETTERS.labels(self.name).inc()
