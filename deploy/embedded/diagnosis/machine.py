"""What `ringi doctor` finds out: first about this machine, then about the run in the state folder."""

import asyncio
import os
import platform
import shutil
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import psutil

from deploy.embedded.errors import StartError
from deploy.embedded.parts import broker, postgres, temporal
from deploy.embedded.setup.preflight import check_disk, check_platform, check_python
from deploy.embedded.state.home import Home, lock_holder, read_json
from deploy.embedded.state.ports import is_free, require_free, web_port

ENOUGH_MEMORY_BYTES = 1500 * 2**20  # 800 MB at rest, and room for work and for tests
PROGRAM_SECONDS = 20


class Verdict(StrEnum):
    GOOD = "good"
    WARNING = "warning"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at. `remedy` says what to do unless it is good."""

    subject: str
    verdict: Verdict
    detail: str
    remedy: str = ""

    @classmethod
    def good(cls, subject: str, detail: str) -> "Finding":
        return cls(subject, Verdict.GOOD, detail)

    @classmethod
    def warning(cls, subject: str, detail: str, remedy: str) -> "Finding":
        return cls(subject, Verdict.WARNING, detail, remedy)

    @classmethod
    def bad(cls, subject: str, detail: str, remedy: str) -> "Finding":
        return cls(subject, Verdict.BAD, detail, remedy)


async def examine_machine(home: Home) -> AsyncIterator[Finding]:
    """Can this machine run it at all?"""
    yield _checked("Python", check_python, f"{platform.python_version()} at {sys.executable}")
    yield _checked("platform", check_platform, f"{sys.platform} on {platform.machine()}")
    yield _virtual_environment()
    yield _checked("disk", lambda: check_disk(home), f"{_free(home.path) // 2**20} MiB free below {home.path}")
    yield _memory()
    for name, command in (
        ("PostgreSQL program", [str(postgres.programs() / "postgres"), "--version"]),
        ("Temporal program", [str(temporal.program()), "--version"]),
        ("broker program", [broker.program(), "--version"]),
    ):
        yield await asyncio.to_thread(_executes, name, command)
    yield _state_folder(home)
    yield _web_port(home)


def _checked(subject: str, check: Callable[[], None], detail: str) -> Finding:
    try:
        check()
    except StartError as error:
        return Finding.bad(subject, error.what, error.remedy)
    return Finding.good(subject, detail)


def _virtual_environment() -> Finding:
    if sys.prefix == sys.base_prefix:
        return Finding.warning(
            "environment", "not a virtual one", "Use the one that `make setup` makes: .venv/bin/ringi"
        )
    return Finding.good("environment", sys.prefix)


def _free(path: Path) -> int:
    return shutil.disk_usage(next(folder for folder in (path, *path.parents) if folder.exists())).free


def _memory() -> Finding:
    available = psutil.virtual_memory().available
    detail = f"{available // 2**20} MiB available"
    if available < ENOUGH_MEMORY_BYTES:
        return Finding.warning("memory", detail, "Close other programs: the run takes about 800 MB, work with it more.")
    return Finding.good("memory", detail)


def _executes(subject: str, command: list[str]) -> Finding:
    remedy = "`make setup` installs it again; if it still fails, this system's C library is older than the wheel's."
    try:
        done = subprocess.run(  # noqa: S603 - the wheels' own programs
            command, capture_output=True, text=True, timeout=PROGRAM_SECONDS, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Finding.bad(subject, str(error), remedy)
    said = (done.stdout or done.stderr).strip().splitlines()[:1] or [""]
    if done.returncode != 0:
        return Finding.bad(subject, f"exit code {done.returncode}: {said[0]}", remedy)
    return Finding.good(subject, said[0])


def _state_folder(home: Home) -> Finding:
    try:
        if home.path.exists():
            home.create()
    except StartError as error:
        return Finding.bad("state folder", error.what, error.remedy)
    return Finding.good("state folder", f"{home.path}" if home.path.exists() else f"{home.path} (not made yet)")


def _web_port(home: Home) -> Finding:
    try:
        port = web_port({"RINGI_PORT": _configured_port(home)})
        if lock_holder(home) is not None and not is_free(port):
            return Finding.good("port", f"{port}, held by the run in {home.path}")
        require_free(port)
    except StartError as error:
        return Finding.bad("port", error.what, error.remedy)
    return Finding.good("port", f"{port} is free")


def _configured_port(home: Home) -> str:
    """Of the run if there is one, else of the environment."""
    running = read_json(home.state_file).get("ports", {}).get("web") if lock_holder(home) else None
    return str(running or os.environ.get("RINGI_PORT", ""))
