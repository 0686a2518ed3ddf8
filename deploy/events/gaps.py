"""Where consumers can't go on because the broker does not have what comes next, and how an operator lets them."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from aiokafka import TopicPartition

from services.kit.db.database import Database
from services.kit.events.broker import ClusterSession, meet
from services.kit.events.stream import Gap
from services.kit.events.stream_ends import stream_ends
from services.kit.running.context import ActorContext
from services.kit.running.peers.kafka import Bootstrap

ANSWER_SECONDS: Final = 5.0
"""What the broker gets to hand out one record of each partition; one that gives none is slow, which is no gap."""
POLL_MS: Final = 200
LOOKS: Final = 3
LOOK_SECONDS: Final = 2.0
"""A gap that closes by itself does so sooner."""


@dataclass(frozen=True, slots=True)
class ConsumerGap:
    consumer: str
    service: str
    gap: Gap

    def __str__(self) -> str:
        partition = self.gap.partition
        return f"{self.consumer}: topic {partition.topic}, partition {partition.partition}: {self.gap.reason}"


async def gaps_at(session: ClusterSession, positions: Mapping[TopicPartition, int]) -> list[Gap]:
    """What a reader at these positions would miss. Raises KafkaError, OSError (TimeoutError too)."""
    if not positions:
        return []
    async with session.consumer(max_records=1) as kafka:
        starts = await kafka.beginning_offsets(list(positions))
        ends = await stream_ends(kafka, list(positions))
        outside = [
            Gap(partition, position, starts[partition], ends[partition], None)
            for partition, position in positions.items()
            if not starts[partition] <= position <= ends[partition]
        ]
        waiting = {p: position for p, position in positions.items() if starts[p] <= position < ends[p]}
        kafka.assign(list(waiting))
        for partition, position in waiting.items():
            kafka.seek(partition, position)
        inside = []
        deadline = asyncio.get_running_loop().time() + ANSWER_SECONDS
        while waiting and asyncio.get_running_loop().time() < deadline:
            for partition, records in (await session.wait(kafka.getmany(timeout_ms=POLL_MS))).items():
                kafka.pause(partition)
                position = waiting.pop(partition)
                if records[0].offset != position:
                    inside.append(Gap(partition, position, starts[partition], ends[partition], records[0].offset))
    return outside + inside


async def find(bootstrap: Bootstrap, databases: Mapping[str, Database]) -> list[ConsumerGap]:
    """The gaps before all consumers that have met the present cluster. Raises what `gaps_at` does, and psycopg's
    OperationalError."""
    session = await meet(bootstrap)
    found = []
    for service, db in databases.items():
        async with db.reader() as reader:
            rows = await reader.all(
                "SELECT consumer, topic, partition, next_offset FROM consumer_positions WHERE cluster_id = %s",
                [session.cluster_id],
            )
        for consumer in sorted({row["consumer"] for row in rows}):
            positions = {
                TopicPartition(row["topic"], row["partition"]): row["next_offset"]
                for row in rows
                if row["consumer"] == consumer
            }
            found += [ConsumerGap(consumer, service, gap) for gap in await gaps_at(session, positions)]
    return found


async def lasting(bootstrap: Bootstrap, databases: Mapping[str, Database]) -> list[ConsumerGap]:
    """Those gaps that are still the same at every one of several looks."""
    found = await find(bootstrap, databases)
    for _ in range(LOOKS - 1):
        if not found:
            break
        await asyncio.sleep(LOOK_SECONDS)
        same = {(seen.consumer, seen.gap.partition, seen.gap.position) for seen in await find(bootstrap, databases)}
        found = [seen for seen in found if (seen.consumer, seen.gap.partition, seen.gap.position) in same]
    return found


async def step_over(db: Database, found: ConsumerGap) -> bool:
    """Moves the consumer's position to where the broker has something again; False if it has moved meanwhile.

    What the gap held is applied only if it is published again; what the consumer had applied before counts once.
    """
    async with db.transaction(ActorContext.system()) as uow:
        moved = await uow.execute(
            "UPDATE consumer_positions SET next_offset = %s, updated_at = now()"
            " WHERE consumer = %s AND topic = %s AND partition = %s AND next_offset = %s",
            [
                found.gap.resume_at,
                found.consumer,
                found.gap.partition.topic,
                found.gap.partition.partition,
                found.gap.position,
            ],
        )
    return moved > 0
