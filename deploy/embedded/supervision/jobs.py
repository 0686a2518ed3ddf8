"""Work that a start does once in a process of its own: migrating, seeding. Its libraries (Alembic, SQLAlchemy) would
otherwise stay in the supervisor's memory all day."""

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Mapping

from deploy.embedded.children.launching import launch_command
from deploy.embedded.children.logs import last_lines, tail, tells_of_full_disk
from deploy.embedded.children.processes import ProcessIdentity
from deploy.embedded.errors import DiskFullError, StartError
from deploy.embedded.state.home import Home

FULL_DISK_EXIT = 28  # errno.ENOSPC, by which a job may say so without a traceback
STOP_SECONDS = 10.0


class Job:
    """`python -m module`, its output in the state folder's logs; lines that begin with `progress: ` reach `advance`."""

    def __init__(self, name: str, module: str, home: Home, environment: Mapping[str, str], *arguments: str) -> None:
        self.name = name
        self.identity: ProcessIdentity | None = None
        self._command = [sys.executable, "-m", module, *arguments]
        self._home = home
        self._environment = dict(environment)
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._log_start = self._home.log(self.name).stat().st_size if self._home.log(self.name).exists() else 0
        self._process = await asyncio.create_subprocess_exec(
            *launch_command(self._command, None, signal.SIGKILL),
            env=self._environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
        )
        self.identity = ProcessIdentity.of(self._process.pid, self._command[0])

    async def go(self, advance: Callable[[str], None]) -> None:
        """Open its gate and wait for its end; raises StartError with its last words when it fails."""
        process = self._process
        if process is None or process.stdin is None or process.stdout is None:
            raise RuntimeError("go() before start()")
        process.stdin.write(b"start\n")
        descriptor = os.open(self._home.log(self.name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            while line := await process.stdout.readline():
                text = line.decode(errors="replace").rstrip()
                if text.startswith("progress: "):
                    advance(text.removeprefix("progress: "))
                else:
                    os.write(descriptor, line)
            code = await process.wait()
        finally:
            os.close(descriptor)
        self.identity = None
        if code != 0:
            raise self._explain(code)

    async def stop(self) -> None:
        process = self._process
        if process is None or process.returncode is not None:
            return
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), STOP_SECONDS)
        except TimeoutError:
            process.kill()
            await process.wait()

    def _explain(self, code: int) -> StartError:
        log = self._home.log(self.name)
        text = tail(log, since=self._log_start)
        if code == FULL_DISK_EXIT or tells_of_full_disk(text):
            return DiskFullError(self._home.path)
        said = last_lines(text)[-1:] or [f"exit code {code}"]
        return StartError(f"{self.name} failed: {said[0][:300]}", f"The whole of it is in {log}.")
