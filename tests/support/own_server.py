"""A server that a test starts for itself, on a free port and in a folder that goes with it."""

import shutil
import tempfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually_sync, port_answers


class OwnServer(ABC):
    """`name` is what it is called in its folder, its log and the messages of tests."""

    name: str

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"ringi-{self.name}-"))
        self.port = free_port()
        self._process: ServerProcess | None = None

    @abstractmethod
    def command(self) -> list[str]:
        """How it is started. Raises RuntimeError where it isn't installed."""

    @property
    def process(self) -> ServerProcess:
        assert self._process is not None
        return self._process

    def start(self) -> None:
        """Raises RuntimeError where it isn't installed."""
        self._process = ServerProcess(self.command(), log=self.folder / f"{self.name}.log")
        eventually_sync(lambda: port_answers(self.port, self.process), what=self.name)

    def kill(self) -> None:
        self.process.kill()

    def remove(self) -> None:
        if self._process is not None:
            self._process.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


ServerT = TypeVar("ServerT", bound=OwnServer)


@contextmanager
def running(server: ServerT) -> Iterator[ServerT]:
    try:
        server.start()
        yield server
    finally:
        server.remove()
