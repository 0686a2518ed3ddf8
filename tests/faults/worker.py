"""Workers, one after the other, each of which dies where the test wants."""

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

from tests.faults.forks import ForkedProcess
from tests.support.system import System
from workers import runtime
from workflows import policies

ALL = "all"
NOTICED_AFTER = timedelta(seconds=2)
"""Heartbeat timeout of steps in these workers: how long a dead worker's step waits for the next one."""


def run_worker(name: str) -> None:
    """`python -m workers.<name>`, whose deaths are noticed sooner."""
    policies.HEARTBEAT_TIMEOUT = NOTICED_AFTER
    module = importlib.import_module(f"workers.{name}")
    runtime.main(*(module.COMPOSERS if name == ALL else (module.compose,)), name=f"worker-{name}")


class WorkerProcesses:
    """All that were started end with the test."""

    def __init__(self, system: System, folder: Path) -> None:
        self._system = system
        self._folder = folder
        self._started: list[ForkedProcess] = []

    def start(self, crash_at: str | None = None, *, service: str = ALL) -> ForkedProcess:
        crash = {} if crash_at is None else {"CRASH_AT": crash_at}
        log = self._folder / f"worker-{len(self._started)}.log"
        worker = ForkedProcess(run_worker, service, environment=self._system.environment | crash, log=log)
        self._started.append(worker)
        return worker

    async def start_and_die(self, crash_at: str, *, service: str = ALL) -> None:
        """Start a worker that kills itself at the point, and wait until it has."""
        await self.start(crash_at, service=service).dies(f"death at {crash_at}")

    async def die_around(self, *steps: str) -> None:
        """One worker dies as each step begins, the next when its transaction has committed and nobody was told."""
        for step in steps:
            await self.start_and_die(f"{step}.begins:1")
            await self.start_and_die(f"{step}.committed:1")

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
