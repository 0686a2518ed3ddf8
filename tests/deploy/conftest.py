"""`run`: a state folder of the test's own with ports of its own; whatever it started is stopped after the test."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from deploy.embedded.children.processes import reclaim, recorded_children
from deploy.embedded.state.home import Home, lock_holder
from deploy.embedded.state.ports import Ports
from tests.support.ports import free_port
from tests.support.waiting import eventually_sync

COMMAND_SECONDS = 180
STANDIN = Path(__file__).with_name("standin.py")
ROOT = Path(__file__).resolve().parents[2]


class Run:
    def __init__(self, home: Path) -> None:
        self.home = Home(home)
        self.port = free_port()
        self.foreground: list[subprocess.Popen[str]] = []

    @property
    def environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("RINGI_")}
        return {**kept, "RINGI_HOME": str(self.home.path), "RINGI_PORT": str(self.port)}

    @property
    def ports(self) -> Ports:
        return Ports(**json.loads(self.home.state_file.read_text())["ports"])

    def ringi(self, *arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "deploy.cli.main", *arguments],
            env={**self.environment, **variables},
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )

    def up(self, **variables: str) -> None:
        """PostgreSQL, Temporal and the broker, detached."""
        done = self.ringi("up", "--only", "infra", "--detach", **variables)
        assert done.returncode == 0, done.stdout + done.stderr

    def status(self) -> dict[str, Any]:
        status: dict[str, Any] = json.loads(self.ringi("status", "--json").stdout)
        return status

    def pid(self, part: str) -> int:
        return recorded_children(self.home)[part].pid

    def supervisor(self) -> psutil.Process:
        holder = lock_holder(self.home)
        assert holder is not None
        return psutil.Process(int(holder["pid"]))

    def start_in_foreground(self, *arguments: str, **variables: str) -> "subprocess.Popen[str]":
        """A supervisor as a child of the test, as a shell has it."""
        # What a shell starts in the background ignores Ctrl-C, and hands that on; a supervisor in front does not.
        ours = signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            process = subprocess.Popen(
                [sys.executable, *arguments],
                env={**self.environment, **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                cwd=ROOT,
                start_new_session=True,
            )
        finally:
            signal.signal(signal.SIGINT, ours)
        self.foreground.append(process)
        return process

    def start_standin(self, **variables: str) -> "subprocess.Popen[str]":
        """The real infrastructure under applications of a few lines (standin.py)."""
        return self.start_in_foreground(str(STANDIN), **variables)

    def await_ready(self) -> None:
        def ready() -> bool:
            assert all(process.poll() is None for process in self.foreground), "the supervisor ended"
            try:
                return bool(json.loads(self.home.status_file.read_text())["ready"])
            except FileNotFoundError:
                return False

        eventually_sync(ready, what="the run is ready")

    def clean_up(self) -> None:
        holder = lock_holder(self.home)
        if holder is not None:
            os.kill(int(holder["pid"]), signal.SIGTERM)
            eventually_sync(lambda: lock_holder(self.home) is None, what="the run has stopped")
        for process in self.foreground:
            process.wait(COMMAND_SECONDS)
        reclaim(self.home)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    # pytest keeps its folders private; as root PostgreSQL runs as another account, which shows that it can cope.
    made = Run(tmp_path / "home")
    yield made
    made.clean_up()
