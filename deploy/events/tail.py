"""Reads the stream as it flows, or what it already holds."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from aiokafka import TopicPartition

from services.kit.events.broker import meet
from services.kit.events.envelope import Envelope
from services.kit.events.stream_ends import stream_ends

POLL_MS = 500
BATCH = 500


async def follow(
    bootstrap: str, topics: Sequence[str], *, from_start: bool, stop_at_end: bool = False
) -> AsyncIterator[tuple[str, Envelope | None]]:
    """(topic, event), None for a record that is no event; in the order of arrival of each partition.

    ``stop_at_end``: ends with the last record that was there at the start. Raises KafkaError if the broker is lost.
    """
    session = await meet(bootstrap)
    await session.ensure_topics(topics)
    async with session.consumer(max_records=BATCH) as consumer:
        metadata = await consumer._client.fetch_all_metadata()
        partitions = [
            TopicPartition(topic, number)
            for topic in topics
            for number in sorted(metadata.partitions_for_topic(topic) or ())
        ]
        consumer.assign(partitions)
        ends = await stream_ends(consumer, partitions)
        if from_start:
            await consumer.seek_to_beginning(*partitions)
        else:
            for partition in partitions:
                consumer.seek(partition, ends[partition])
        while not stop_at_end or not await _reached(consumer, ends):
            fetched = await session.wait(consumer.getmany(timeout_ms=POLL_MS, max_records=BATCH))
            records = [record for found in fetched.values() for record in found]
            for record in sorted(records, key=lambda record: record.timestamp):
                yield record.topic, _envelope(record.value)
            await asyncio.sleep(0)


async def _reached(consumer: object, ends: dict[TopicPartition, int]) -> bool:
    positions = {partition: await consumer.position(partition) for partition in ends}  # type: ignore[attr-defined]
    return all(positions[partition] >= end for partition, end in ends.items())


def _envelope(body: bytes | None) -> Envelope | None:
    try:
        return Envelope.from_json(body or b"")
    except ValueError:
        return None
