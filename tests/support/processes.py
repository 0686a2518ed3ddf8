"""Servers that tests start: always stopped, their output kept for the message when they do not come up."""

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from deploy.embedded.children import launch

STOP_SECONDS = 10.0
"""What a server gets for its own end before it is killed."""
REAP_SECONDS = 60.0
"""Until the kernel has ended what was killed, on a machine that does much else."""


def _tied_to_us(command: Sequence[str], user: str | None) -> list[str]:
    """The kernel ends the server when the test run dies, however it dies: no orphan is left to find."""
    account = [] if user is None else ["--uid", str(pwd.getpwnam(user).pw_uid), "--gid", str(pwd.getpwnam(user).pw_gid)]
    fate = ["--parent", str(os.getpid()), "--death-signal", str(int(signal.SIGKILL))]
    return [sys.executable, "-I", "-S", launch.__file__, *fate, *account, "--", *command]


class ServerProcess:
    """A child process in a session of its own; ``kill`` is the crash of a fault test. ``inherit=False``: it sees
    nothing of the test run's environment but ``env``."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        log: Path,
        env: Mapping[str, str] | None = None,
        inherit: bool = True,
        user: str | None = None,
        stop_signal: signal.Signals = signal.SIGTERM,
    ) -> None:
        self.log = log
        self._stop_signal = stop_signal
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                _tied_to_us(command, user),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**(os.environ if inherit else {}), **(env or {})},
                cwd=log.parent,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.poll()

    def check(self) -> None:
        """Raises RuntimeError with the end of the log if the process has ended."""
        if self._process.poll() is not None:
            tail = self.log.read_text(errors="replace")[-4000:]
            raise RuntimeError(f"{self._process.args!r} ended with {self._process.returncode}:\n{tail}")

    def signal(self, number: signal.Signals) -> None:
        self._process.send_signal(number)

    def kill(self) -> None:
        """SIGKILL to the process and its children, as a power failure would."""
        if self._process.poll() is None:
            os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait(REAP_SECONDS)

    def wait(self, timeout: float = REAP_SECONDS) -> int:
        return self._process.wait(timeout)

    def stop(self) -> None:
        if self._process.poll() is not None:
            return
        self._process.send_signal(self._stop_signal)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
