"""Processes as the operating system shows them: who one is, whether it is ours, and how much memory it takes."""

import os
import signal
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psutil

from deploy.embedded.state.home import Home, read_json, write_json

POLL_SECONDS = 0.05
LEFTOVER_GRACE_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class ProcessIdentity:
    """A pid alone names another process tomorrow; with its start time and program it names one process for ever."""

    pid: int
    started: str
    program: str

    @classmethod
    def of(cls, pid: int, program: str) -> "ProcessIdentity | None":
        started = start_mark(pid)
        return None if started is None else cls(pid, started, program)

    def is_alive(self) -> bool:
        if start_mark(self.pid) != self.started:
            return False
        try:
            process = psutil.Process(self.pid)
            return process.status() != psutil.STATUS_ZOMBIE and self.program in process.cmdline()
        except psutil.Error:
            return False


def start_mark(pid: int) -> str | None:
    """When the process started, exactly: boot id and clock ticks on Linux (wall-clock steps do not move them)."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace")
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        return f"{boot}:{stat.rpartition(')')[2].split()[19]}"
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except ProcessLookupError:
        return None
    try:
        return f"{psutil.Process(pid).create_time():.2f}"
    except psutil.Error:
        return None


def proportional_memory(pid: int) -> int:
    """Bytes of the process, with pages shared by n processes counted 1/n each (PSS); RSS where PSS is not told."""
    try:
        info = psutil.Process(pid).memory_full_info()
    except psutil.Error:
        return 0
    return int(getattr(info, "pss", info.rss))


def family(pid: int) -> list[int]:
    """The process and everything below it."""
    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.Error:
        return []


def record_children(home: Home, children: dict[str, ProcessIdentity]) -> None:
    write_json(home.children_file, {name: asdict(identity) for name, identity in children.items()})


def recorded_children(home: Home) -> dict[str, ProcessIdentity]:
    recorded: dict[str, Any] = read_json(home.children_file)
    return {name: ProcessIdentity(**fields) for name, fields in recorded.items()}


def postgres_processes(data: Path) -> list[psutil.Process]:
    """Server processes of this data folder: PostgreSQL works inside it, so its working directory proves whose it is."""
    found = []
    for process in psutil.process_iter(["name"]):
        if process.info["name"] != "postgres":
            continue
        try:
            if Path(process.cwd()) == data.resolve():
                found.append(process)
        except psutil.Error:
            continue
    return found


def reclaim(home: Home) -> list[str]:
    """End what a killed supervisor of this folder left running. Touches only processes whose pid, start time and
    program are recorded here, and PostgreSQL processes working in this data folder. Returns the names of what ended."""
    ended = []
    for name, identity in recorded_children(home).items():
        if identity.is_alive():
            ended.append(name)
            _end([psutil.Process(identity.pid)], signal.SIGINT if name == "postgres" else signal.SIGTERM)
    _end(postgres_processes(home.postgres_data), signal.SIGQUIT)
    home.children_file.unlink(missing_ok=True)
    return ended


def _end(processes: Iterable[psutil.Process], gently: signal.Signals) -> None:
    waiting = list(processes)
    for process in waiting:
        _signal(process, gently)
    deadline = time.monotonic() + LEFTOVER_GRACE_SECONDS
    while waiting and time.monotonic() < deadline:
        _, waiting = psutil.wait_procs(waiting, timeout=POLL_SECONDS)
    for process in waiting:
        _signal(process, signal.SIGKILL)
    psutil.wait_procs(waiting, timeout=LEFTOVER_GRACE_SECONDS)


def _signal(process: psutil.Process, number: signal.Signals) -> None:
    try:
        os.kill(process.pid, number)
    except ProcessLookupError:
        return
