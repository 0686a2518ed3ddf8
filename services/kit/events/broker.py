"""Kafka clients that speak to one cluster only, and notice when it is no longer the one that they met.

A broker that lost its data (or was replaced) comes back on the same address with another cluster id. Kafka clients
reconnect to it without a word, and would write and read as if nothing had happened. So each connection is asked for
its cluster before anything goes over it, and the first one that is lost ends the session: whoever uses it starts anew,
creates the topics where they are missing and decides by the cluster id what must be sent or read again.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import KafkaConnectionError, KafkaError, for_code
from aiokafka.protocol.metadata import MetadataRequest

from services.kit.running.peers.kafka import Bootstrap, client_options

REQUEST_TIMEOUT_MS: Final = 10_000
FETCH_MAX_WAIT_MS: Final = 20
"""tansu does not wake a fetch that waits when a record arrives (measured), so a fetch waits shortly."""
FETCH_MAX_WAIT_AT_REST_MS: Final = 200
"""While nothing comes: five consumers that ask 50 times a second kept a quarter of a core busy with it (measured)."""
PARTITIONS: Final = 5
"""Of each topic: as many as there are databases, so that on a topic that all of them write to each has its own."""
TOPIC_SETTINGS: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
"""Events are kept for ever: read models are rebuilt from them. Where an operator keeps them for a shorter time, readers
notice (see stream.py) and the outboxes have them still."""
REPLICATION_FACTOR: Final = 3
"""Where there are as many brokers."""
TOPIC_EXISTS: Final = 36
STOP_SECONDS: Final = 5.0


class ClusterLostError(KafkaConnectionError):  # type: ignore[misc]  # aiokafka is untyped
    """The connection to the cluster of this session is gone; what was under way may or may not have arrived."""


@dataclass(eq=False)
class ClusterSession:
    """One meeting with a cluster. ``lost`` is set for good when a connection closes or belongs to another cluster."""

    bootstrap: Bootstrap
    cluster_id: str
    brokers: int = 1
    partitions: int = PARTITIONS
    lost: asyncio.Event = field(default_factory=asyncio.Event)
    _topics: set[str] = field(default_factory=set)

    def check(self) -> None:
        """Raises ClusterLostError if the session has ended."""
        if self.lost.is_set():
            raise ClusterLostError(f"cluster {self.cluster_id} is gone")

    async def wait(self, work: Awaitable[Any]) -> Any:
        """The result of ``work``, unless the session ends before it: then raises ClusterLostError."""
        task = asyncio.ensure_future(work)
        lost = asyncio.create_task(self.lost.wait())
        try:
            await asyncio.wait({task, lost}, return_when=asyncio.FIRST_COMPLETED)
            if task.done():
                return task.result()
            self.check()
        finally:
            for pending in (task, lost):
                if not pending.done():
                    pending.cancel()
                    with suppress(asyncio.CancelledError, KafkaError):
                        await pending

    async def ensure_topics(self, topics: Iterable[str]) -> None:
        """Creates what is missing. Must precede the first record: tansu accepts records of a topic that it does not
        know, and loses its place in them when the topic is created afterwards (tried)."""
        missing = set(topics) - self._topics
        if not missing:
            return
        async with administration(self.bootstrap) as admin:
            replicas = min(REPLICATION_FACTOR, self.brokers)
            wanted = [
                NewTopic(topic, self.partitions, replicas, topic_configs=dict(TOPIC_SETTINGS))
                for topic in sorted(missing)
            ]
            response = await admin.create_topics(wanted)
        for topic, code, *message in response.topic_errors:
            if code not in (0, TOPIC_EXISTS):
                raise for_code(code)(f"topic {topic}: {message}")
        self._topics |= missing

    def fence(self, client: Any) -> Callable[[], None]:
        """Makes an aiokafka client ask each new connection for its cluster, and end the session at the first loss.

        To be called before the client is stopped: what it returns, so that its last words are not taken for a loss.
        """
        connect: Callable[..., Awaitable[Any]] = client._get_conn
        on_close: Callable[[Any, Any], None] = client._on_connection_closed
        asked: set[Any] = set()
        stopping = False

        def stop() -> None:
            nonlocal stopping
            stopping = True

        async def get_connection(node_id: int, **options: Any) -> Any:
            if self.lost.is_set():
                return None
            connection = await connect(node_id, **options)
            if connection is not None and connection not in asked:
                answer = await connection.send(MetadataRequest([]))
                if answer.cluster_id != self.cluster_id:
                    self.lost.set()
                    return None
                asked.add(connection)
            return connection

        def closed(connection: Any, reason: Any) -> None:
            if connection in asked and not stopping:
                self.lost.set()
            on_close(connection, reason)

        client._get_conn = get_connection
        client._on_connection_closed = closed
        return stop

    @asynccontextmanager
    async def producer(self) -> AsyncIterator[AIOKafkaProducer]:
        """acks=all, in order for each partition; not idempotent (tansu refuses that; consumers dedupe by event id)."""
        producer = AIOKafkaProducer(
            **client_options(self.bootstrap),
            acks="all",
            enable_idempotence=False,
            linger_ms=0,
            max_batch_size=262_144,
            max_request_size=8_388_608,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            connections_max_idle_ms=None,
        )
        stopping = self.fence(producer.client)
        try:
            await producer.start()
            yield producer
        finally:
            stopping()
            if self.lost.is_set():
                # What is still queued would be waited for until it times out; the outbox sends it again.
                producer._sender.sender_task.cancel()
            with suppress(TimeoutError, asyncio.CancelledError, KafkaError):
                await asyncio.wait_for(producer.stop(), STOP_SECONDS)

    @asynccontextmanager
    async def consumer(self, *, max_records: int) -> AsyncIterator[AIOKafkaConsumer]:
        """Without a group: partitions are assigned by hand and positions live in the database. Read it by a Stream: a
        position that the broker does not have is an error, never a reason to begin somewhere else."""
        consumer = AIOKafkaConsumer(
            **client_options(self.bootstrap),
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=FETCH_MAX_WAIT_MS,
            max_poll_records=max_records,
            request_timeout_ms=REQUEST_TIMEOUT_MS,
            connections_max_idle_ms=None,
        )
        stopping = self.fence(consumer._client)
        try:
            await consumer.start()
            yield consumer
        finally:
            stopping()
            with suppress(TimeoutError, asyncio.CancelledError, KafkaError):
                await asyncio.wait_for(consumer.stop(), STOP_SECONDS)


def pace(consumer: AIOKafkaConsumer, *, at_rest: bool) -> None:
    """How long the broker may hold the consumer's next fetch when it has nothing to give."""
    consumer._fetcher._fetch_max_wait_ms = FETCH_MAX_WAIT_AT_REST_MS if at_rest else FETCH_MAX_WAIT_MS


async def all_metadata(consumer: AIOKafkaConsumer) -> Any:
    """The broker's topics and partitions as they are now. Not ``consumer.partitions_for_topic``: that remembers only
    topics which are assigned already (tansu tells of all of them, Apache Kafka does not)."""
    return await consumer._client.fetch_all_metadata()


@asynccontextmanager
async def administration(bootstrap: Bootstrap) -> AsyncIterator[AIOKafkaAdminClient]:
    """Raises KafkaError or OSError if nobody answers."""
    admin = AIOKafkaAdminClient(**client_options(bootstrap), request_timeout_ms=REQUEST_TIMEOUT_MS)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def meet(bootstrap: Bootstrap, *, partitions: int = PARTITIONS) -> ClusterSession:
    """Asks who is there. Raises KafkaError or OSError if nobody answers."""
    async with administration(bootstrap) as admin:
        cluster = await admin.describe_cluster()
    return ClusterSession(bootstrap, str(cluster["cluster_id"]), len(cluster["brokers"]), partitions)
