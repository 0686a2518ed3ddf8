"""Publishes the outbox to Kafka: in order, at least once to the present cluster, one relay at a time for a database.

Rows are chosen because they are unpublished, never because they come after the last one: transactions commit out of
order. A row counts as published only to the cluster whose id it bears, which is what fills a broker that lost its data.
"""

import asyncio
import logging
from collections.abc import Mapping
from typing import Final

import orjson
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError
from opentelemetry.trace import SpanKind
from prometheus_client import Counter

from services.kit.db.database import CONNECTION_ERRORS, OUTBOX_CHANNEL, Database
from services.kit.db.lease import Lease, hold_lease
from services.kit.db.unit_of_work import Row
from services.kit.events.broker import ClusterSession, meet
from services.kit.running import clock, crashpoints, tracing
from services.kit.running.backoff import Backoff
from services.kit.running.context import ActorContext
from services.kit.running.peers.kafka import Bootstrap

log = logging.getLogger(__name__)

BATCH: Final = 500
"""Rows gathered into one round of produce requests (measured: 8 times the rate of one by one)."""
POLL_SECONDS: Final = 1.0
"""For notifications that were lost."""
LEASE_NAME: Final = "event-relay"

PUBLISHED = Counter("ringi_outbox_published_total", "Events published to Kafka", ["database"])
FAILURES = Counter("ringi_outbox_failures_total", "Sessions of the relay that ended with an error", ["database"])

_COLUMNS = (
    "seq, created_at, topic, event_id, event_type, schema_version, aggregate_id, aggregate_version, actor_id,"
    " process_id, traceparent, data::text AS data"
)
_UNPUBLISHED = f"SELECT {_COLUMNS} FROM outbox WHERE cluster_id IS NULL ORDER BY seq LIMIT {BATCH}"  # noqa: S608
# Rows of another cluster were committed long ago, so that walking them by seq misses none.
_OF_OTHER_CLUSTERS = (
    f"SELECT {_COLUMNS} FROM outbox WHERE cluster_id IS DISTINCT FROM %s AND seq > %s ORDER BY seq LIMIT {BATCH}"  # noqa: S608
)
_MARK = (
    "UPDATE outbox SET cluster_id = %s, published_at = %s FROM unnest(%s::bigint[], %s::timestamptz[])"
    " AS sent (seq, created_at) WHERE outbox.seq = sent.seq AND outbox.created_at = sent.created_at"
)


class EventRelay:
    """``run`` returns when ``stop`` is set; it survives the loss of database and broker.

    ``own_partitions``: by topic, the partition that this database's relay alone writes to; in others the aggregate's
    id decides. Several producers of one partition are what tansu loses its order with (see stream.py).
    """

    def __init__(self, db: Database, bootstrap: Bootstrap, *, own_partitions: Mapping[str, int] | None = None) -> None:
        self._db = db
        self._own_partitions = own_partitions or {}
        self._bootstrap = bootstrap
        self._published = PUBLISHED.labels(db.name)
        self._failures = FAILURES.labels(db.name)

    async def run(self, stop: asyncio.Event) -> None:
        backoff = Backoff()
        while not stop.is_set():
            try:
                async with hold_lease(self._db, LEASE_NAME, stop, channel=OUTBOX_CHANNEL) as lease:
                    while lease is not None and not stop.is_set():
                        lease.check()
                        try:
                            await self._serve(lease, stop, backoff)
                        except KafkaError as error:
                            await self._failed(error, backoff, stop)
            except (*CONNECTION_ERRORS, OSError) as error:
                await self._failed(error, backoff, stop)

    async def _failed(self, error: Exception, backoff: Backoff, stop: asyncio.Event) -> None:
        self._failures.inc()
        log.warning("event relay starts again: %r", error, extra={"database": self._db.name})
        await backoff.pause(stop)

    async def _serve(self, lease: Lease, stop: asyncio.Event, backoff: Backoff) -> None:
        session = await meet(self._bootstrap)
        async with session.producer() as producer:
            await self._replay(session, producer, lease, stop, backoff)
            bell = lease.bell()
            while not stop.is_set():
                lease.check()
                session.check()
                async with self._db.reader() as reader:
                    rows = await reader.all(_UNPUBLISHED)
                if rows:
                    await self._publish(session, producer, rows)
                if len(rows) < BATCH:
                    await bell.wait(POLL_SECONDS)
                backoff.reset()

    async def _replay(
        self, session: ClusterSession, producer: AIOKafkaProducer, lease: Lease, stop: asyncio.Event, backoff: Backoff
    ) -> None:
        """A cluster that this database has not served yet gets the whole history, in order."""
        async with self._db.reader() as reader:
            state = await reader.one("SELECT cluster_id, replayed FROM outbox_state")
        if state == {"cluster_id": session.cluster_id, "replayed": True}:
            return
        await self._remember(session, replayed=False)
        last = 0
        while not stop.is_set():
            lease.check()
            async with self._db.reader() as reader:
                rows = await reader.all(_OF_OTHER_CLUSTERS, [session.cluster_id, last])
            if not rows:
                await self._remember(session, replayed=True)
                return
            await self._publish(session, producer, rows)
            last = rows[-1]["seq"]
            backoff.reset()

    async def _remember(self, session: ClusterSession, *, replayed: bool) -> None:
        async with self._db.transaction(ActorContext.system()) as uow:
            await uow.execute(
                "INSERT INTO outbox_state (cluster_id, replayed) VALUES (%s, %s)"
                " ON CONFLICT (only_row) DO UPDATE SET cluster_id = excluded.cluster_id, replayed = excluded.replayed",
                [session.cluster_id, replayed],
            )

    async def _publish(self, session: ClusterSession, producer: AIOKafkaProducer, rows: list[Row]) -> None:
        """Sends a batch and marks what arrived before the first failure: sending the rest again keeps the order."""
        await session.ensure_topics({row["topic"] for row in rows})
        parents = [row["traceparent"] for row in rows]
        with tracing.spans(f"{self._db.name} publish", parents, SpanKind.PRODUCER) as own:
            results = await session.wait(self._send(producer, rows, own))
        crashpoints.reach(crashpoints.RELAY_PUBLISHED)
        failures = (index for index, result in enumerate(results) if isinstance(result, BaseException))
        first_failure = next(failures, None)
        sent = rows[:first_failure]
        if sent:
            async with self._db.transaction(ActorContext.system()) as uow:
                keys = ([row["seq"] for row in sent], [row["created_at"] for row in sent])
                await uow.execute(_MARK, [session.cluster_id, clock.now(), *keys])
            self._published.inc(len(sent))
        if first_failure is not None:
            raise results[first_failure]

    async def _send(self, producer: AIOKafkaProducer, rows: list[Row], traceparents: Mapping[str, str]) -> list[object]:
        deliveries = []
        for row in rows:
            topic, key = row["topic"], str(row["aggregate_id"]).encode()
            partition = self._own_partitions.get(topic)
            if partition is not None:
                # A topic that was made with fewer partitions than there are databases: some of them share one.
                partition %= len(await producer.partitions_for(topic))
            deliveries.append(
                await producer.send(
                    topic, encode(row), key=key, partition=partition, headers=headers(row, traceparents)
                )
            )
        return list(await asyncio.gather(*deliveries, return_exceptions=True))


def encode(row: Row) -> bytes:
    """The envelope of an outbox row as JSON; ``data`` goes through as PostgreSQL wrote it."""
    return orjson.dumps(
        {
            "eventId": row["event_id"],
            "eventType": row["event_type"],
            "timestamp": row["created_at"],
            "data": orjson.Fragment(row["data"]),
            "schemaVersion": row["schema_version"],
            "aggregateId": row["aggregate_id"],
            "aggregateVersion": row["aggregate_version"],
            "actorId": row["actor_id"],
            "processId": row["process_id"],
            "traceparent": row["traceparent"],
        },
        option=orjson.OPT_UTC_Z,
    )


def headers(row: Row, traceparents: Mapping[str, str]) -> list[tuple[str, bytes]]:
    """What can be read without parsing the body. The trace goes on below our own span, by the row's traceparent."""
    values = [("eventId", str(row["event_id"]).encode()), ("eventType", row["event_type"].encode())]
    if row["traceparent"]:
        values.append(("traceparent", traceparents[row["traceparent"]].encode()))
    return values
