"""The two Python processes: `web` (one port for everything that people and programs reach) and `worker`."""

import sys
from collections.abc import Mapping

from deploy.embedded.parts.model import Part, PartName
from deploy.embedded.parts.probes import http_ok
from deploy.embedded.state.environment import process_environment
from deploy.embedded.state.ports import LOOPBACK, Ports

FIRST_START_ONLY = frozenset({"CRASH_AT"})
WEB_STOP_SECONDS = 15.0
WORKER_STOP_SECONDS = 20.0
WEB_READY_PATH = "/api/readyz"
WORKER_READY_PATH = "/readyz"


def web_part(ports: Ports, variables: Mapping[str, str]) -> Part:
    async def is_ready(_pid: int) -> bool:
        return await http_ok(ports.web, WEB_READY_PATH)

    return Part(
        name=PartName.WEB,
        address=f"http://localhost:{ports.web}",
        command=lambda: [sys.executable, "-m", "deploy.embedded.web.main"],
        environment=process_environment(variables),
        is_ready=is_ready,
        stop_seconds=WEB_STOP_SECONDS,
        waits_at_gate=True,
        needs_assets=True,
        drops_on_restart=FIRST_START_ONLY,
    )


def worker_part(ports: Ports, variables: Mapping[str, str]) -> Part:
    async def is_ready(_pid: int) -> bool:
        return await http_ok(ports.worker_metrics, WORKER_READY_PATH)

    return Part(
        name=PartName.WORKER,
        address=f"{LOOPBACK}:{ports.worker_metrics}",
        command=lambda: [sys.executable, "-m", "deploy.embedded.web.worker"],
        environment=process_environment(variables),
        is_ready=is_ready,
        stop_seconds=WORKER_STOP_SECONDS,
        waits_at_gate=True,
        drops_on_restart=FIRST_START_ONLY,
    )
