"""Positions of consumers: within what the broker has, in every partition, with the next record where it should be."""

from collections import defaultdict

from aiokafka import TopicPartition

from deploy.events.gaps import gaps_at
from deploy.invariants.model import Violation
from deploy.invariants.system import SERVICES, System
from services.kit.events.broker import meet
from services.kit.events.stream import partitions_of


async def have_no_gap(system: System) -> list[Violation]:
    """No consumer would pass over a record, nor does one leave a partition of its topics unread."""
    session = await meet(system.kafka)
    found = []
    for service in SERVICES:
        rows = await system.all(
            service,
            "SELECT consumer, topic, partition, next_offset FROM consumer_positions WHERE cluster_id = %s",
            [session.cluster_id],
        )
        positions: dict[str, dict[TopicPartition, int]] = defaultdict(dict)
        for row in rows:
            positions[row["consumer"]][TopicPartition(row["topic"], row["partition"])] = row["next_offset"]
        for consumer, stored in positions.items():
            async with session.consumer(max_records=1) as kafka:
                present = await partitions_of(kafka, sorted({partition.topic for partition in stored}))
            gaps = await gaps_at(session, {p: position for p, position in stored.items() if p in present})
            found += [_violation(consumer, gap.partition, gap.reason) for gap in gaps]
            for partition in sorted(set(present) ^ set(stored)):
                known = "is not read" if partition in present else "is gone, but was read"
                found.append(_violation(consumer, partition, known))
    return found


def _violation(consumer: str, partition: TopicPartition, detail: str) -> Violation:
    return Violation(f"{consumer}:{partition.topic}:{partition.partition}", detail)
