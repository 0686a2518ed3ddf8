"""The broker that tests run against: tansu, or Apache Kafka where ``RINGI_TEST_BROKER=kafka`` (`make test-kafka`).

Whichever it is, each start is a new cluster without data: that is what a broker that lost everything looks like.
"""

import os
import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractAsyncContextManager, contextmanager
from pathlib import Path
from typing import Final

from aiokafka import TopicPartition

from tests.support.ports import free_port
from tests.support.processes import ServerProcess

CHOICE: Final = "RINGI_TEST_BROKER"


class Broker(ABC):
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ringi-broker-"))
        self.port = free_port()
        self.cluster_id = ""
        self.advertised = self.bootstrap
        """The address that clients are told to use: another one where a proxy stands in front."""
        self._process: ServerProcess | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None
        return self._process

    @abstractmethod
    def start(self) -> None:
        """On the same port as before, but empty and with another cluster id; returns when it answers."""

    @abstractmethod
    def without(self, partition: TopicPartition, before: int) -> AbstractAsyncContextManager[None]:
        """In the block the broker no longer keeps the partition's records before the offset: its retention ran out."""

    def kill(self) -> None:
        self.process.kill()

    def restart(self) -> None:
        """Crash, and back as an empty cluster of another id."""
        self.kill()
        self.start()

    def remove(self) -> None:
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _chosen() -> Broker:
    # Imported here: each module needs what the other does not (the wheel of tansu, the jars of Kafka).
    choice = os.environ.get(CHOICE, "tansu")
    if choice == "kafka":
        from tests.support.apache_kafka.broker import ApacheKafka

        return ApacheKafka()
    assert choice == "tansu", f"{CHOICE}={choice} is neither tansu nor kafka"
    from tests.support.tansu import Tansu

    return Tansu()


@contextmanager
def running_broker() -> Iterator[Broker]:
    broker = _chosen()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()
