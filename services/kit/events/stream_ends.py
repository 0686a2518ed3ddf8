"""Where the partitions of a topic end now, for those who want to know what is left to read.

Not ``AIOKafkaConsumer.end_offsets`` alone: tansu answers it with the place of the last *batch* (tried: 31 of 35 where
30 and 5 records were sent together), so whoever stops there leaves records unread. The high watermark that comes with
fetched records is right with every broker.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition

ANSWER_SECONDS: Final = 30.0
POLL_MS: Final = 100


async def stream_ends(kafka: AIOKafkaConsumer, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
    """The offset after the last record, by partition. Assigns the partitions to ``kafka``: open a Stream afterwards.

    Raises TimeoutError, KafkaError.
    """
    if not partitions:
        return {}
    starts: dict[TopicPartition, int] = await kafka.beginning_offsets(list(partitions))
    ends: dict[TopicPartition, int] = await kafka.end_offsets(list(partitions))
    filled = [partition for partition in partitions if ends[partition] > starts[partition]]
    # In one turn of the loop: a partition without a position would be an error, as no reset may choose one.
    kafka.assign(list(filled))
    for partition in filled:
        kafka.seek(partition, ends[partition] - 1)
    async with asyncio.timeout(ANSWER_SECONDS):
        while any((kafka.highwater(partition) or 0) < ends[partition] for partition in filled):
            await kafka.getmany(timeout_ms=POLL_MS)
    return ends | {partition: kafka.highwater(partition) for partition in filled}
