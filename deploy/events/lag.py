"""How far the stream is behind the databases, and the consumers behind the stream."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from aiokafka import TopicPartition

from deploy.events import gaps
from services.kit.db.database import Database, Row
from services.kit.events.broker import ClusterSession, meet
from services.kit.events.stream import partitions_of
from services.kit.events.stream_ends import stream_ends
from services.kit.running import clock
from services.kit.running.peers.kafka import Bootstrap


@dataclass(frozen=True, slots=True)
class ConsumerLag:
    """``behind``: records that it has still to apply; all of them if it has not met the present cluster yet."""

    name: str
    service: str
    behind: int
    dead_letters: int
    met_cluster: bool


@dataclass(frozen=True, slots=True)
class OutboxLag:
    """``waiting``: events that the present cluster has not got yet; ``oldest_seconds``: how long the oldest waits."""

    service: str
    waiting: int
    oldest_seconds: float
    events: int


@dataclass(frozen=True, slots=True)
class Lag:
    cluster_id: str
    outboxes: list[OutboxLag]
    consumers: list[ConsumerLag]
    gaps: list[str]
    """Where consumers stand because the broker does not have what comes next."""

    @property
    def at_rest(self) -> bool:
        """Nothing waits anywhere, and no consumer stands still or has put anything aside."""
        return (
            not self.gaps
            and not any(outbox.waiting for outbox in self.outboxes)
            and not any(consumer.behind or consumer.dead_letters for consumer in self.consumers)
        )

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"atRest": self.at_rest}


async def measure(bootstrap: Bootstrap, databases: Mapping[str, Database]) -> Lag:
    """Raises KafkaError, OSError or psycopg's OperationalError if a part can't be reached."""
    session = await meet(bootstrap)
    outboxes = [await _outbox(service, db, session.cluster_id) for service, db in databases.items()]
    # Positions before ends: what is applied in between makes the lag look larger, never smaller.
    positions = {service: await _positions(db) for service, db in databases.items()}
    ends = await _ends(session, {row["topic"] for rows in positions.values() for row in rows})
    consumers: list[ConsumerLag] = []
    for service, db in databases.items():
        consumers += await _consumers(service, db, positions[service], ends, session.cluster_id)
    found = [str(gap) for gap in await gaps.find(bootstrap, databases)]
    return Lag(session.cluster_id, outboxes, consumers, found)


async def _outbox(service: str, db: Database, cluster_id: str) -> OutboxLag:
    async with db.reader() as reader:
        row = await reader.one(
            "SELECT count(*) AS events, count(*) FILTER (WHERE cluster_id IS DISTINCT FROM %(cluster)s) AS waiting,"
            " min(created_at) FILTER (WHERE cluster_id IS DISTINCT FROM %(cluster)s) AS oldest FROM outbox",
            {"cluster": cluster_id},
        )
    assert row is not None  # an aggregate always has a row
    oldest = 0.0 if row["oldest"] is None else (clock.now() - row["oldest"]).total_seconds()
    return OutboxLag(service, row["waiting"], round(oldest, 3), row["events"])


async def _positions(db: Database) -> list[Row]:
    async with db.reader() as reader:
        return await reader.all("SELECT consumer, topic, partition, cluster_id, next_offset FROM consumer_positions")


def _partition(row: Row) -> TopicPartition:
    return TopicPartition(row["topic"], row["partition"])


async def _consumers(
    service: str, db: Database, rows: Sequence[Row], ends: Mapping[TopicPartition, int], cluster_id: str
) -> list[ConsumerLag]:
    async with db.reader() as reader:
        letters = await reader.all(
            "SELECT consumer, count(*) AS n FROM dead_letters WHERE redriven_at IS NULL GROUP BY consumer"
        )
    dead = {row["consumer"]: row["n"] for row in letters}
    found = []
    for name in sorted({row["consumer"] for row in rows} | dead.keys()):
        own = [row for row in rows if row["consumer"] == name]
        behind = sum(max(0, ends.get(_partition(row), 0) - _applied(row, cluster_id)) for row in own)
        met = all(row["cluster_id"] == cluster_id for row in own)
        found.append(ConsumerLag(name, service, behind, dead.get(name, 0), met))
    return found


def _applied(row: Row, cluster_id: str) -> int:
    return int(row["next_offset"]) if row["cluster_id"] == cluster_id else 0


async def _ends(session: ClusterSession, topics: set[str]) -> dict[TopicPartition, int]:
    await session.ensure_topics(topics)
    async with session.consumer(max_records=1) as kafka:
        return await stream_ends(kafka, await partitions_of(kafka, topics))
