"""One part as a running process: started, watched until it is ready, started again when it dies, stopped."""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from enum import StrEnum

from deploy.embedded.children.launching import launch_command
from deploy.embedded.children.logs import FULL_DISK_ERRORS, last_lines, tail, tells_of_full_disk
from deploy.embedded.children.processes import ProcessIdentity
from deploy.embedded.errors import DiskFullError, StartError
from deploy.embedded.parts.model import Part
from deploy.embedded.state.home import Home

READY_POLL_SECONDS = 0.03
READY_DEADLINE_SECONDS = 180.0
FIRST_ATTEMPTS = 3
"""A part that dies this often before it was ever ready will not mend itself: say so instead of trying for ever."""
FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 30.0
"""After this long without a death the next restart is immediate again."""


class State(StrEnum):
    WAITING = "waiting"
    STARTING = "starting"
    READY = "ready"
    RESTARTING = "restarting"
    STOPPED = "stopped"


class Child:
    """`changed` is called after every change of state, identity or number of restarts."""

    def __init__(self, part: Part, home: Home, *, changed: Callable[[], None], note: Callable[[str], None]) -> None:
        self.part = part
        self.state = State.WAITING
        self.identity: ProcessIdentity | None = None
        self.started_at: float | None = None
        self.restarts = 0
        self.first_ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        # When several parts fail, the first one's reason is told; the others' must not be reported as forgotten.
        self.first_ready.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._home = home
        self._changed = changed
        self._note = note
        self._gate_open = asyncio.Event()
        self._stopping = False
        self._process: asyncio.subprocess.Process | None = None

    @property
    def was_ready(self) -> bool:
        return self.first_ready.done() and not self.first_ready.cancelled() and self.first_ready.exception() is None

    async def supervise(self) -> None:
        """Run until `stop`; a death is followed by a pause that doubles while deaths go on, then by a restart."""
        pause = FIRST_PAUSE_SECONDS
        failures = 0
        while not self._stopping:
            began = time.monotonic()
            log_start = self._log_size()
            try:
                code = await self._run_once()
            except (OSError, StartError) as error:
                problem = error if isinstance(error, StartError) else self._cannot_execute(error)
                if not self.was_ready:
                    self._fail(problem)
                    return
                self._note(f"{self.part.name} cannot be started again: {problem.what}")
                code = None
            if self._stopping:
                break
            if not self.was_ready:
                failures += 1
                problem = self._diagnose(code, log_start)
                if failures >= FIRST_ATTEMPTS or isinstance(problem, DiskFullError):
                    self._fail(problem)
                    return
            pause = FIRST_PAUSE_SECONDS if time.monotonic() - began > STEADY_SECONDS else pause
            self.restarts += 1
            self._note(f"{self.part.name} ended ({_describe(code)}){self._hint(log_start)}; starting it again")
            self._enter(State.RESTARTING)
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)
        self._enter(State.STOPPED)

    def open_gate(self) -> None:
        """Let a part that waits at the gate begin its work; at restarts it does not wait again."""
        self._gate_open.set()

    async def stop(self, *, force: bool = False) -> None:
        """Ask the process to end, kill it when it takes too long. Returns when it is gone."""
        self._stopping = True
        process = self._process
        if process is None or process.returncode is not None:
            return
        _send(process, signal.SIGKILL if force else self.part.stop_signal)
        try:
            await asyncio.wait_for(process.wait(), self.part.stop_seconds)
        except TimeoutError:
            self._note(f"{self.part.name} did not stop within {self.part.stop_seconds:.0f} s and was killed")
            _send(process, signal.SIGKILL)
            await process.wait()

    def kill(self) -> None:
        self._stopping = True
        if self._process is not None:
            _send(self._process, signal.SIGKILL)

    async def _run_once(self) -> int | None:
        await self.part.before_start()
        gated = self.part.waits_at_gate and not self._gate_open.is_set()
        command = [*self.part.command(), *(["--wait-for-start"] if gated else [])]
        environment = dict(self.part.environment)
        if self.restarts:
            environment = {k: v for k, v in environment.items() if k not in self.part.drops_on_restart}
        log = os.open(self._home.log(self.part.name), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *launch_command(command, self.part.account, self.part.death_signal),
                env=environment,
                stdin=asyncio.subprocess.PIPE if gated else asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C at the terminal is for the supervisor alone
            )
        finally:
            os.close(log)
        self._process = process
        self.identity = ProcessIdentity.of(process.pid, command[0])
        self.started_at = time.time()
        self._enter(State.STARTING)
        if self._stopping:  # told to stop while the process was being made
            _send(process, signal.SIGKILL)
        readiness = asyncio.create_task(self._await_readiness(process, gated=gated))
        try:
            return await process.wait()
        finally:
            readiness.cancel()
            self.identity = None

    async def _await_readiness(self, process: asyncio.subprocess.Process, *, gated: bool) -> None:
        if gated and process.stdin is not None:
            await self._gate_open.wait()
            try:
                process.stdin.write(b"start\n")
                await process.stdin.drain()
                process.stdin.close()
            except ConnectionError:
                return  # it died; supervise() sees that
        deadline = time.monotonic() + READY_DEADLINE_SECONDS
        while not await self.part.is_ready(process.pid):
            if time.monotonic() > deadline:
                self._note(f"{self.part.name} was not ready after {READY_DEADLINE_SECONDS:.0f} s")
                _send(process, signal.SIGKILL)
                return
            await asyncio.sleep(READY_POLL_SECONDS)
        if not self.first_ready.done():
            self.first_ready.set_result(None)
        self._enter(State.READY)

    def _enter(self, state: State) -> None:
        self.state = state
        self._changed()

    def _fail(self, problem: StartError) -> None:
        self._enter(State.STOPPED)
        if not self.first_ready.done():
            self.first_ready.set_exception(problem)

    def _log_size(self) -> int:
        try:
            return self._home.log(self.part.name).stat().st_size
        except FileNotFoundError:
            return 0

    def _diagnose(self, code: int | None, log_start: int) -> StartError:
        text = tail(self._home.log(self.part.name), since=log_start)
        if tells_of_full_disk(text):
            return DiskFullError(self._home.path)
        said = last_lines(text)[-1:] or ["it wrote nothing"]
        return StartError(
            f"{self.part.name} does not start ({_describe(code)}): {said[0][:300]}",
            f"Its log: {self._home.log(self.part.name)}; `ringi doctor` checks what it needs.",
        )

    def _hint(self, log_start: int) -> str:
        return ", the disk is full" if tells_of_full_disk(tail(self._home.log(self.part.name), since=log_start)) else ""

    def _cannot_execute(self, error: OSError) -> StartError:
        if error.errno in FULL_DISK_ERRORS:
            return DiskFullError(self._home.path)
        return StartError(
            f"{self.part.name} cannot be executed: {error}", "`make setup` installs what is missing; then start again."
        )


def _describe(code: int | None) -> str:
    if code is None:
        return "not started"
    return f"killed by {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"


def _send(process: asyncio.subprocess.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except ProcessLookupError:
        return
