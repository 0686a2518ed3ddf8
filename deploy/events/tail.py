"""Reads the stream as it flows, or what it already holds."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from services.kit.events.broker import meet
from services.kit.events.envelope import Envelope
from services.kit.events.stream import Stream, partitions_of
from services.kit.events.stream_ends import stream_ends
from services.kit.running.peers.kafka import Bootstrap

POLL_MS = 500
BATCH = 500
READER = "ringi events tail"


async def follow(
    bootstrap: Bootstrap, topics: Sequence[str], *, from_start: bool, stop_at_end: bool = False
) -> AsyncIterator[tuple[str, Envelope | None]]:
    """(topic, event), None for a record that is no event; in the order of arrival of each partition.

    ``stop_at_end``: ends with the last record that was there at the start. Raises KafkaError if the broker is lost,
    StreamGapError if records are missing.
    """
    session = await meet(bootstrap)
    await session.ensure_topics(topics)
    async with session.consumer(max_records=BATCH) as kafka:
        partitions = await partitions_of(kafka, topics)
        ends = await stream_ends(kafka, partitions)
        if from_start:
            stream = await Stream.from_beginning(session, kafka, partitions, reader=READER)
        else:
            stream = await Stream.open(session, kafka, ends, reader=READER)
        while not stop_at_end or any(stream.positions[partition] < end for partition, end in ends.items()):
            fetched = await stream.read(timeout_ms=POLL_MS, max_records=BATCH)
            records = [record for found in fetched.values() for record in found]
            for record in sorted(records, key=lambda record: record.timestamp):
                yield record.topic, _envelope(record.value)
            await asyncio.sleep(0)


def _envelope(body: bytes | None) -> Envelope | None:
    try:
        return Envelope.from_json(body or b"")
    except ValueError:
        return None
