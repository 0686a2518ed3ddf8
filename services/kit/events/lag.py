"""How far consumers are behind: measured beside them, so that it is true while one is busy, stuck or not there."""

import asyncio
import logging
import math
from collections.abc import Sequence
from typing import Final

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError
from prometheus_client import Gauge

from services.kit.db.database import CONNECTION_ERRORS
from services.kit.db.unit_of_work import Reader
from services.kit.events.broker import meet
from services.kit.events.consumer import Consumer
from services.kit.events.stream import partitions_of
from services.kit.events.stream_ends import stream_ends
from services.kit.running.backoff import pause
from services.kit.running.metrics import FIGURES_MISSING
from services.kit.running.peers.kafka import Bootstrap

log = logging.getLogger(__name__)

INTERVAL_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0
STATEMENT_TIMEOUT: Final = "5s"

LAG = Gauge("ringi_consumer_lag", "Records not yet consumed, over all partitions; NaN if unknown", ["consumer"])


class LagGauge:
    """Of all consumers of a process, over connections of its own."""

    def __init__(self, consumers: Sequence[Consumer], bootstrap: Bootstrap) -> None:
        self._consumers = consumers
        self._bootstrap = bootstrap

    async def run(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            try:
                async with asyncio.timeout(ANSWER_SECONDS):
                    await self.read()
                FIGURES_MISSING.labels("kafka").set(0)
            except (*CONNECTION_ERRORS, KafkaError, OSError) as error:
                log.warning("consumers' lag is unknown: %r", error)
                for consumer in self._consumers:
                    LAG.labels(consumer.name).set(math.nan)
                FIGURES_MISSING.labels("kafka").set(1)
            await pause(stop, INTERVAL_SECONDS)

    async def read(self) -> None:
        """Raises CONNECTION_ERRORS, KafkaError, OSError (TimeoutError too)."""
        # Positions before ends: what is applied in between makes the lag look larger, never smaller.
        positions = [await self._positions(consumer) for consumer in self._consumers]
        topics = {topic for consumer in self._consumers for topic in consumer.topics}
        session = await meet(self._bootstrap)
        async with session.consumer(max_records=1) as kafka:
            ends = await stream_ends(kafka, await partitions_of(kafka, topics))
        for consumer, stored in zip(self._consumers, positions, strict=True):
            behind = sum(
                max(0, end - stored.get((session.cluster_id, partition), 0))
                for partition, end in ends.items()
                if partition.topic in consumer.topics
            )
            LAG.labels(consumer.name).set(behind)

    @staticmethod
    async def _positions(consumer: Consumer) -> dict[tuple[str, TopicPartition], int]:
        async with consumer.db.dedicated("lag", statement_timeout=STATEMENT_TIMEOUT) as connection:
            rows = await Reader(connection).all(
                "SELECT topic, partition, cluster_id, next_offset FROM consumer_positions WHERE consumer = %s",
                [consumer.name],
            )
        return {(row["cluster_id"], TopicPartition(row["topic"], row["partition"])): row["next_offset"] for row in rows}
