"""The worker of all services as a process that a test lets die where it wants."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.system import System
from tests.support.waiting import eventually

PATIENCE = 120.0
SIGKILLED = -9
ROOT = Path(__file__).parents[2]


class WorkerProcesses:
    """Starts one worker after the other; the last one ends with the test."""

    def __init__(self, system: System, folder: Path) -> None:
        self._system = system
        self._folder = folder
        self._started: list[ServerProcess] = []

    def start(self, crash_at: str | None = None) -> ServerProcess:
        crash = {} if crash_at is None else {"CRASH_AT": crash_at}
        worker = ServerProcess(
            [sys.executable, "-m", "workers.all"],
            log=self._folder / f"worker-{len(self._started)}.log",
            env=self._system.environment
            | {"PYTHONPATH": str(ROOT), "RINGI_WORKER_METRICS_PORT": str(free_port())}
            | crash,
        )
        self._started.append(worker)
        return worker

    async def start_and_die(self, crash_at: str) -> None:
        """Start a worker that kills itself at the point, and wait until it has."""
        worker = self.start(crash_at)
        await eventually(lambda: worker.returncode is not None, within=PATIENCE, what=f"death at {crash_at}")
        assert worker.returncode == SIGKILLED, worker.log.read_text()[-2000:]

    def stop(self) -> None:
        for worker in self._started:
            worker.kill()
        self._started.clear()


@contextmanager
def worker_processes(system: System, folder: Path) -> Iterator[WorkerProcesses]:
    workers = WorkerProcesses(system, folder)
    try:
        yield workers
    finally:
        workers.stop()
