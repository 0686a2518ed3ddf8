"""Whoever reads "up to the end" must not stop before the last batch."""

import asyncio

from services.kit.events.broker import meet
from services.kit.events.stream import partitions_of
from services.kit.events.stream_ends import stream_ends
from tests.support.broker import Broker


async def test_records_that_were_sent_together_all_count(own_broker: Broker) -> None:
    session = await meet(own_broker.bootstrap)
    await session.ensure_topics(["batched"])
    async with session.producer() as producer:
        for size in (30, 5):
            await asyncio.gather(*[await producer.send("batched", b"value", key=b"key") for _ in range(size)])
    session = await meet(own_broker.bootstrap)
    async with session.consumer(max_records=100) as consumer:
        partitions = await partitions_of(consumer, ["batched"])
        assert sum((await stream_ends(consumer, partitions)).values()) == 35
