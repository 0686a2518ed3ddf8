"""Apache Kafka as one process (KRaft): broker and controller, its jars resolved by Maven into an ignored folder."""

import base64
import hashlib
import shutil
import subprocess
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from tests.support.broker import Broker
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually_sync, port_answers

ROOT: Final = Path(__file__).parents[3]
POM: Final = Path(__file__).with_name("pom.xml")
START_SECONDS: Final = 120.0
"""A JVM that starts beside everything else on a small machine."""
QUICK_START: Final = ("-Xmx384m", "-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC")

PROPERTIES: Final = """\
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://{bootstrap},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://{advertised}
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller_port}
log.dirs={data}
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
auto.create.topics.enable=false
"""


def program(name: str) -> str:
    """The path of `java` or `mvn`. Raises RuntimeError where there is none."""
    path = shutil.which(name)
    if path is None:
        raise RuntimeError(f"{name} is needed for Apache Kafka: apt-get install maven default-jre-headless")
    return path


def jars() -> Path:
    """The folder with Kafka's jars. Raises subprocess.CalledProcessError, with Maven's words, if they can't be had."""
    folder = ROOT / "build" / f"kafka-{hashlib.sha256(POM.read_bytes()).hexdigest()[:12]}"
    if not folder.exists():
        unfinished = folder.with_suffix(".part")
        shutil.rmtree(unfinished, ignore_errors=True)
        goal = ["dependency:copy-dependencies", "-DincludeScope=runtime", f"-DoutputDirectory={unfinished}"]
        subprocess.run([program("mvn"), "--quiet", "--batch-mode", "--file", POM, *goal], check=True)
        unfinished.rename(folder)
    return folder


class ApacheKafka(Broker):
    properties = PROPERTIES
    formatting: tuple[str, ...] = ()
    """More options of the formatting tool."""

    def start(self) -> None:
        # No id may begin with a hyphen: the formatting tool would take it for an option.
        self.cluster_id = "T" + base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")[1:]
        data = self.folder / self.cluster_id
        properties = self.folder / "server.properties"
        properties.write_text(
            self.properties.format(
                bootstrap=self.bootstrap, advertised=self.advertised, controller_port=free_port(), data=data
            ),
            encoding="utf-8",
        )
        java = [program("java"), *QUICK_START, "-cp", f"{jars()}/*"]
        formatting = ["kafka.tools.StorageTool", "format", f"--cluster-id={self.cluster_id}", "--config", properties]
        subprocess.run([*java, *formatting, *self.formatting], check=True, capture_output=True)
        log = self.folder / "broker.log"
        self._process = ServerProcess([*java, "kafka.Kafka", str(properties)], log=log)
        eventually_sync(lambda: port_answers(self.port, self.process), within=START_SECONDS, what="Apache Kafka")

    @asynccontextmanager
    async def without(self, partition: TopicPartition, before: int) -> AsyncIterator[None]:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        await admin.start()
        try:
            await admin.delete_records({partition: RecordsToDelete(before_offset=before)})
        finally:
            await admin.close()
        yield
