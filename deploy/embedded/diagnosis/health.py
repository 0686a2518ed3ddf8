"""How the parts of a run do at this moment, as seen from outside: what `ringi status` shows."""

import asyncio
import time
from dataclasses import asdict, dataclass, field
from typing import Any

from deploy.embedded.children.processes import family, proportional_memory
from deploy.embedded.parts.applications import WEB_READY_PATH, WORKER_READY_PATH
from deploy.embedded.parts.model import PartName
from deploy.embedded.parts.probes import accepts_connections, http_ok, postmaster_is_ready
from deploy.embedded.parts.temporal import NAMESPACE
from deploy.embedded.state.home import Home, lock_holder, read_json
from deploy.embedded.state.ports import Ports

SUPERVISOR = "supervisor"


@dataclass(frozen=True, slots=True)
class PartHealth:
    name: str
    state: str
    healthy: bool
    pid: int | None
    uptime_seconds: float | None
    memory_bytes: int
    """Proportional set size of the process and all below it."""
    restarts: int
    address: str


@dataclass(frozen=True, slots=True)
class RunHealth:
    home: str
    running: bool
    ready: bool
    parts: list[PartHealth] = field(default_factory=list)

    @property
    def healthy(self) -> bool:
        return self.ready and all(part.healthy for part in self.parts)

    @property
    def memory_bytes(self) -> int:
        return sum(part.memory_bytes for part in self.parts)

    def to_json(self) -> dict[str, Any]:
        return {**asdict(self), "healthy": self.healthy, "memory_bytes": self.memory_bytes}


async def look_at(home: Home) -> RunHealth:
    """Ask every part of the folder's run. No run: an empty answer that is not healthy."""
    holder = lock_holder(home)
    status = read_json(home.status_file)
    if holder is None or not status:
        return RunHealth(str(home.path), running=holder is not None, ready=False)
    ports = Ports(**read_json(home.state_file)["ports"])
    names = list(status["parts"])
    answers = await asyncio.gather(*(_is_healthy(PartName(name), status["parts"][name], home, ports) for name in names))
    parts = [_part(name, status["parts"][name], healthy) for name, healthy in zip(names, answers, strict=True)]
    own = {"state": "ready" if status["ready"] else "starting", "pid": status["pid"], "startedAt": status["startedAt"]}
    own |= {"restarts": 0, "address": holder.get("address", "")}
    parts.append(_part(SUPERVISOR, own, healthy=True))
    return RunHealth(str(home.path), running=True, ready=bool(status["ready"]), parts=parts)


async def _is_healthy(name: PartName, known: dict[str, Any], home: Home, ports: Ports) -> bool:
    if known["pid"] is None:
        return False
    match name:
        case PartName.POSTGRES:
            # Line 8 says that it was ready; the connection says that it still answers.
            return postmaster_is_ready(home.postgres_data, known["pid"]) and await accepts_connections(ports.postgres)
        case PartName.TEMPORAL:
            return await http_ok(ports.temporal_http, f"/api/v1/namespaces/{NAMESPACE}")
        case PartName.BROKER:
            return await accepts_connections(ports.kafka)
        case PartName.WEB:
            return await http_ok(ports.web, WEB_READY_PATH)
        case PartName.WORKER:
            return await http_ok(ports.worker_metrics, WORKER_READY_PATH)


def _part(name: str, known: dict[str, Any], healthy: bool) -> PartHealth:
    pid = known["pid"]
    # The supervisor's descendants are the other rows.
    processes = [pid] if name == SUPERVISOR else family(pid) if pid is not None else []
    return PartHealth(
        name=name,
        state=known["state"],
        healthy=healthy,
        pid=pid,
        uptime_seconds=round(time.time() - known["startedAt"], 1) if known["startedAt"] and pid else None,
        memory_bytes=sum(map(proportional_memory, processes)),
        restarts=known["restarts"],
        address=known["address"],
    )
