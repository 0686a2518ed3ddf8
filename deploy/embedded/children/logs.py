"""Log files of the children: one each, bounded, and read when a child dies to tell why."""

import errno
import os
import re
import shutil
from pathlib import Path

MAX_LOG_BYTES = 16 * 2**20
KEPT_GENERATIONS = 2
TAIL_BYTES = 16 * 2**10
TAIL_LINES = 12

# The C library's text, Python's name for it, and SQLite's (Temporal's store).
FULL_DISK_ERRORS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
FULL_DISK = re.compile(r"No space left on device|ENOSPC|database or disk is full|Disk quota exceeded|File too large")


def tells_of_full_disk(text: str) -> bool:
    return FULL_DISK.search(text) is not None


def rotate_when_large(path: Path) -> None:
    """Keep the last megabytes in `.1`, `.2`. The child goes on writing to the same open file (appending), so the
    content is copied and the file emptied; lines written in the instant between are lost, which a log may afford."""
    try:
        if path.stat().st_size <= MAX_LOG_BYTES:
            return
    except FileNotFoundError:
        return
    generations = [path.with_name(f"{path.name}.{number}") for number in range(1, KEPT_GENERATIONS + 1)]
    for older, newer in zip(reversed(generations), [*reversed(generations[:-1]), None], strict=True):
        if newer is not None and newer.exists():
            newer.replace(older)
    try:
        shutil.copyfile(path, generations[0])
    except OSError as error:
        if error.errno not in FULL_DISK_ERRORS:
            raise
        generations[0].unlink(missing_ok=True)  # on a full disk an old log is the first thing to give up
    os.truncate(path, 0)


def tail(path: Path, *, since: int = 0) -> str:
    """The end of the log, from byte `since` on (what this start of the child wrote)."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            file.seek(max(since if since <= size else 0, size - TAIL_BYTES))
            return file.read().decode(errors="replace")
    except FileNotFoundError:
        return ""


def last_lines(text: str) -> list[str]:
    return [line for line in text.splitlines() if line.strip()][-TAIL_LINES:]
