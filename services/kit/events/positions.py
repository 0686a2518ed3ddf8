"""How far a consumer has come in each partition of a cluster: rows that move only from where the batch started."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Self

from aiokafka import ConsumerRecord, TopicPartition

from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.envelope import Envelope
from services.kit.running.context import ActorContext


class PositionMovedError(Exception):
    """Another consumer of the name was faster, or a commit arrived whose answer did not: read the positions again."""


@dataclass(frozen=True, slots=True)
class Record:
    """A Kafka record; ``envelope`` None: ``defect`` says why its body is none."""

    partition: TopicPartition
    offset: int
    body: bytes
    envelope: Envelope | None
    defect: str | None = None

    @classmethod
    def read(cls, partition: TopicPartition, record: ConsumerRecord) -> Self:
        body = record.value or b""
        try:
            return cls(partition, record.offset, body, Envelope.from_json(body))
        except ValueError as error:
            return cls(partition, record.offset, body, None, f"no event envelope: {error}"[:2000])


class Positions:
    """The stored offsets of one consumer; ``start_of`` mirrors what the database has."""

    def __init__(self, consumer: str, cluster_id: str) -> None:
        self._consumer = consumer
        self.cluster_id = cluster_id
        self._next: dict[TopicPartition, int] = {}

    async def load(self, db: Database, partitions: Sequence[TopicPartition]) -> dict[TopicPartition, int]:
        """The offset that comes next, by partition. Those of another cluster, and unknown ones, start from zero."""
        columns = [[p.topic for p in partitions], [p.partition for p in partitions]]
        async with db.transaction(ActorContext.system()) as uow:
            rows = await uow.all(
                "INSERT INTO consumer_positions AS stored (consumer, topic, partition, cluster_id, next_offset)"
                " SELECT %s, topic, partition, %s, 0 FROM unnest(%s::text[], %s::int[]) AS p (topic, partition)"
                " ORDER BY topic, partition ON CONFLICT (consumer, topic, partition) DO UPDATE"
                " SET cluster_id = excluded.cluster_id, next_offset ="
                " CASE WHEN stored.cluster_id = excluded.cluster_id THEN stored.next_offset ELSE 0 END"
                " RETURNING topic, partition, next_offset",
                [self._consumer, self.cluster_id, *columns],
            )
        self._next = {TopicPartition(row["topic"], row["partition"]): row["next_offset"] for row in rows}
        return dict(self._next)

    async def advance(self, uow: UnitOfWork, records: Iterable[Record]) -> None:
        """Moves the stored positions past the records. Raises PositionMovedError if they are not where we left them,
        or if a record is missing in between."""
        records = list(records)
        after = _after(records)
        if sum(end - self._next[partition] for partition, end in after.items()) != len(records):
            raise PositionMovedError(f"{self._consumer}: records from {self._next} to {after} are not consecutive")
        moved = await uow.execute(
            "UPDATE consumer_positions AS stored SET next_offset = move.after, updated_at = now()"
            " FROM unnest(%s::text[], %s::int[], %s::bigint[], %s::bigint[]) AS move (topic, partition, before, after)"
            " WHERE stored.consumer = %s AND stored.cluster_id = %s AND stored.topic = move.topic"
            " AND stored.partition = move.partition AND stored.next_offset = move.before",
            [
                [p.topic for p in after],
                [p.partition for p in after],
                [self._next[p] for p in after],
                list(after.values()),
                self._consumer,
                self.cluster_id,
            ],
        )
        if moved != len(after):
            raise PositionMovedError(f"{self._consumer}: {len(after) - moved} of {len(after)} positions moved")

    def confirm(self, records: Iterable[Record]) -> None:
        """After the commit of ``advance``."""
        self._next |= _after(records)


def _after(records: Iterable[Record]) -> dict[TopicPartition, int]:
    """Records of a partition come in order, so the last one wins."""
    return {record.partition: record.offset + 1 for record in records}
