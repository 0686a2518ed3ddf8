"""What is looked at before anything is started, so that what cannot work is said at once and plainly."""

import platform
import shutil
import sys
from pathlib import Path

from deploy.embedded.errors import DiskFullError, StartError
from deploy.embedded.state.home import Home

OLDEST_PYTHON = (3, 11)
# A new folder takes about 120 MiB (PostgreSQL 60, demo data, logs); an old one needs room to write its recovery.
NEW_HOME_BYTES = 512 * 2**20
OLD_HOME_BYTES = 128 * 2**20
PLATFORMS = {("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "arm64"), ("darwin", "x86_64")}


def check_python(version: tuple[int, ...] = tuple(sys.version_info[:3])) -> None:
    if version[:2] < OLDEST_PYTHON:
        raise StartError(
            f"Python {'.'.join(map(str, version))} is too old: Ringi needs 3.11 or newer.",
            "Install a newer one and name it: make up PYTHON=python3.11",
        )


def check_platform(system: str = sys.platform, machine: str | None = None) -> None:
    here = (system, machine or platform.machine())
    if here not in PLATFORMS:
        raise StartError(
            f"There are no servers from wheels for {here[0]} on {here[1]}.",
            "Use Linux or macOS (on Windows: WSL 2), or run it with `docker compose up`.",
        )


def check_disk(home: Home) -> None:
    """Raise when the disk has too little room to start, before half of it is written."""
    existing = next(path for path in (home.path, *home.path.parents) if path.exists())
    needed = OLD_HOME_BYTES if (home.postgres_data / "PG_VERSION").exists() else NEW_HOME_BYTES
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise DiskFullError(home.path, free_bytes=free, needed_bytes=needed)


def check_before_start(home: Home) -> None:
    check_python()
    check_platform()
    check_disk(home)


def checkout() -> Path:
    """The project's top folder: this file stands in deploy/embedded."""
    return Path(__file__).resolve().parents[3]
