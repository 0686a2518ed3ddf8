"""A real Temporal dev server for tests, tuned as the embedded run is."""

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from temporalio.client import Client

from deploy.embedded.parts.temporal import tuning
from services.kit.processes.search_attributes import ALL_KEYS
from services.kit.running.peers.temporal import TemporalSettings
from services.kit.running.temporal import connect
from tests.support.ports import free_ports
from tests.support.processes import ServerProcess
from tests.support.waiting import DEADLINE, eventually_sync


class TemporalAddress(TemporalSettings):
    """Where a server is that asks for nothing; ``more`` are settings of one that does."""

    def __init__(self, temporal_address: str, **more: Any) -> None:
        super().__init__(temporal_address=temporal_address, **more)


class TemporalServer:
    """Keeps its state in a file, so that ``kill`` and ``start`` are a crash and the recovery from it."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="ringi-temporal-"))
        self.port, self._http, self._metrics = free_ports(3)
        self._process: ServerProcess | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def settings(self) -> TemporalAddress:
        return TemporalAddress(self.address)

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        attributes = [part for key in ALL_KEYS for part in ("--search-attribute", f"{key.name}=Keyword")]
        self._process = ServerProcess(
            [
                str(_binary()),
                *("server", "start-dev", "--headless", "--ip", "127.0.0.1", "--port", str(self.port)),
                *("--http-port", str(self._http), "--metrics-port", str(self._metrics), "--log-level", "error"),
                *("--db-filename", str(self.folder / "temporal.db")),
                *tuning(),
                *attributes,
            ],
            log=self.folder / "temporal.log",
        )
        eventually_sync(self._answers, what="Temporal")

    def _answers(self) -> bool:
        self.process.check()
        command = [str(_binary()), "operator", "search-attribute", "list", "--address", self.address]
        result = subprocess.run(command, capture_output=True, text=True, timeout=DEADLINE)
        return result.returncode == 0 and all(key.name in result.stdout for key in ALL_KEYS)

    async def client(self) -> Client:
        return await connect(self.settings, lazy=False)

    def kill(self) -> None:
        self.process.kill()

    def lose_data(self) -> None:
        """Between ``kill`` and ``start``: what comes back knows of nothing."""
        for file in self.folder.glob("temporal.db*"):
            file.unlink()

    def remove(self) -> None:
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def _binary() -> Path:
    return Path(sys.executable).with_name("temporal")


@contextmanager
def running_temporal() -> Iterator[TemporalServer]:
    server = TemporalServer()
    try:
        server.start()
        yield server
    finally:
        server.remove()
