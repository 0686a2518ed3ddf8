"""What can be seen from outside while the story plays: the events that Kafka carried, the figures of the reports."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any, Self
from zoneinfo import ZoneInfo

import orjson
from aiokafka import AIOKafkaConsumer, TopicPartition

from deploy.demo.client import User
from services.contracts.topics import ALL_TOPICS

REPORTS = ("sales-summary", "customer-statistics", "approval-statistics", "task-completion")
PERIOD = timedelta(days=30)
DRAIN_TIMEOUT_S = 20.0
POLL_MS = 200
TOKYO = ZoneInfo("Asia/Tokyo")


class EventWitness:
    """Counts the events that reach the topics between `open` and `count`."""

    def __init__(self, consumer: AIOKafkaConsumer, start: dict[TopicPartition, int]) -> None:
        self._consumer = consumer
        self._start = start

    @classmethod
    async def open(cls, bootstrap: str) -> Self:
        consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False, auto_offset_reset="earliest")
        await consumer.start()
        partitions = [
            TopicPartition(topic, number) for topic in ALL_TOPICS for number in await _partitions(consumer, topic)
        ]
        consumer.assign(partitions)
        return cls(consumer, await consumer.end_offsets(partitions))

    async def count(self) -> dict[str, int]:
        """Events by type, from where the witness began to where the topics end now."""
        ends = await self._consumer.end_offsets(list(self._start))
        for partition, offset in self._start.items():
            self._consumer.seek(partition, offset)
        seen: Counter[str] = Counter()
        open_ = {p for p in self._start if ends[p] > self._start[p]}
        async with asyncio.timeout(DRAIN_TIMEOUT_S):
            while open_:
                for partition, records in (await self._consumer.getmany(timeout_ms=POLL_MS)).items():
                    for record in records:
                        if record.offset < ends[partition]:
                            seen[orjson.loads(record.value)["eventType"]] += 1
                open_ = {p for p in open_ if await self._consumer.position(p) < ends[p]}
        return dict(sorted(seen.items()))

    async def close(self) -> None:
        await self._consumer.stop()


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> set[int]:
    """Partitions of a topic; none where nothing was ever published to it."""
    if topic not in await consumer.topics():
        return set()
    return consumer.partitions_for_topic(topic) or set()


async def figures(reader: User) -> dict[str, Any]:
    """The four reports over the last thirty days, today included."""
    today = datetime.now(UTC).astimezone(TOKYO).date()
    period = {"from": (today - PERIOD).isoformat(), "to": (today + timedelta(days=1)).isoformat()}
    answers = await asyncio.gather(*(reader.get(f"/reports/{name}", **period) for name in REPORTS))
    return dict(zip(REPORTS, answers, strict=True))
