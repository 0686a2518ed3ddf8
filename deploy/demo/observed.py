"""What can be seen from outside while the demo runs: the events that Kafka carried, the figures of the reports."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.client import User
from services.contracts.topics import ALL_TOPICS
from services.kit.events.broker import ClusterSession, meet
from services.kit.events.stream import Stream, partitions_of
from services.kit.events.stream_ends import stream_ends
from services.kit.running.peers.kafka import Bootstrap

REPORTS = ("sales-summary", "customer-statistics", "approval-statistics", "task-completion")
PERIOD = timedelta(days=30)
DRAIN_TIMEOUT_S = 60.0
POLL_MS = 200
MAX_RECORDS = 2_000
READER = "ringi demo"
TOKYO = ZoneInfo("Asia/Tokyo")


class EventCounter:
    """Counts the events that reached the topics since `open`, each once however often it was published."""

    def __init__(self, bootstrap: Bootstrap, cluster: str, start: Mapping[TopicPartition, int]) -> None:
        self._bootstrap = bootstrap
        self._cluster = cluster
        self._start = start
        self._began = datetime.now(UTC)

    @classmethod
    async def open(cls, bootstrap: Bootstrap) -> Self:
        """Raises KafkaError, OSError (TimeoutError too) if the broker does not answer."""
        session = await meet(bootstrap)
        async with _reader(session) as (_, _, ends):
            pass
        return cls(bootstrap, session.cluster_id, ends)

    async def count(self) -> dict[str, int]:
        """Events by type, up to where the topics end now. Another cluster than at the beginning has everything again,
        so there the time of an event decides. Raises what `open` does."""
        session = await meet(self._bootstrap)
        same = session.cluster_id == self._cluster
        seen: dict[str, str] = {}
        async with _reader(session) as (kafka, partitions, ends), asyncio.timeout(DRAIN_TIMEOUT_S):
            if same:
                start = {partition: self._start.get(partition, 0) for partition in partitions}
                stream = await Stream.open(session, kafka, start, reader=READER)
            else:
                stream = await Stream.from_beginning(session, kafka, partitions, reader=READER)
            while any(stream.positions[partition] < end for partition, end in ends.items()):
                for records in (await stream.read(timeout_ms=POLL_MS, max_records=MAX_RECORDS)).values():
                    for event in (orjson.loads(record.value) for record in records):
                        if same or datetime.fromisoformat(event["timestamp"]) >= self._began:
                            seen[event["eventId"]] = event["eventType"]
        return dict(sorted(Counter(seen.values()).items()))


@asynccontextmanager
async def _reader(
    session: ClusterSession,
) -> AsyncIterator[tuple[AIOKafkaConsumer, list[TopicPartition], dict[TopicPartition, int]]]:
    """A client for all partitions of all topics, and where they end."""
    await session.ensure_topics(ALL_TOPICS)
    async with session.consumer(max_records=MAX_RECORDS) as kafka:
        partitions = await partitions_of(kafka, ALL_TOPICS)
        yield kafka, partitions, await stream_ends(kafka, partitions)


async def figures(reader: User) -> dict[str, Any]:
    """The four reports over the last thirty days, today included."""
    today = datetime.now(UTC).astimezone(TOKYO).date()
    period = {"from": (today - PERIOD).isoformat(), "to": (today + timedelta(days=1)).isoformat()}
    answers = await asyncio.gather(*(reader.get(f"/reports/{name}", **period) for name in REPORTS))
    return dict(zip(REPORTS, answers, strict=True))
