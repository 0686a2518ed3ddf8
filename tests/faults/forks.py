"""Processes of the system that a test lets die where it wants.

They are forked from a process that has loaded everything already, so that each of some hundred deaths costs what a
worker needs to connect, not the seconds that it needs to import.
"""

import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable, Mapping
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from deploy.embedded.children.launch import die_with_parent
from tests.support.waiting import eventually

PATIENCE = 240.0
"""Seconds, on a machine that does much else: what is awaited takes a few of them otherwise."""
SIGKILLED = -signal.SIGKILL
JOIN_SECONDS = 30.0

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["tests.faults.worker", "tests.faults.web", "workers.all"])


def _run(main: Callable[..., None], arguments: tuple[object, ...], environment: Mapping[str, str], log: str) -> None:
    if sys.platform == "linux":
        die_with_parent(os.getppid(), signal.SIGKILL)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    os.dup2(output, sys.stdout.fileno())
    os.dup2(output, sys.stderr.fileno())
    os.environ.clear()
    os.environ.update(environment)
    random.seed()  # or every process would give its traces the same ids
    main(*arguments)


class ForkedProcess:
    """Runs `main(*arguments)`, a function of a module that can be imported, until it ends or is killed."""

    def __init__(
        self, main: Callable[..., None], *arguments: object, environment: Mapping[str, str], log: Path
    ) -> None:
        self.log = log
        # The server that forks has the environment of the test that came first.
        given = dict(os.environ) | dict(environment)
        self._process: ForkServerProcess = _forks.Process(target=_run, args=(main, arguments, given, str(log)))
        self._process.start()

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def kill(self) -> None:
        """SIGKILL, as a power failure would."""
        self._process.kill()
        self._process.join(JOIN_SECONDS)
        assert self._process.exitcode is not None, "the process outlived SIGKILL"

    async def dies(self, what: str) -> None:
        """Wait until it has killed itself."""
        await eventually(lambda: self.returncode is not None, within=PATIENCE, what=what)
        assert self.returncode == SIGKILLED, self.log.read_text()[-2000:]
