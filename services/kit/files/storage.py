"""Where files are kept: one small interface, with a folder (`folder.py`) or an S3-compatible bucket (`bucket.py`).

Nothing that a person typed is part of a key, so that no name can lead anywhere else.
"""

import hashlib
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from services.kit.errors import ProblemError, Text, Unavailable

CHUNK_BYTES: Final = 256 * 1024
"""What is held in memory of a file at once."""
_KEY: Final = re.compile(r"[a-z0-9][a-z0-9-]{6,62}[a-z0-9]")


class FileMissing(Exception):
    """There is nothing under this key."""


class StorageFull(ProblemError):
    """Nothing of the file was kept; the same request may be repeated when there is room."""

    status, code = 507, "storage_full"
    title = Text("ファイルの保存先に空きがありません", "There is no room to store the file")

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "60"})


class StorageAway(Unavailable):
    """The place where files are kept can't be reached, or none is configured."""

    code = "storage_unavailable"
    title = Text("ファイルの保存先に接続できません", "The place where files are kept can't be reached")


@dataclass(frozen=True, slots=True)
class Stored:
    size: int
    """Bytes."""
    sha256: str
    """In hexadecimal."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A file that is being read; ``chunks`` can be taken once."""

    size: int
    chunks: AsyncIterator[bytes]


@dataclass(slots=True)
class Tally:
    """Counts and hashes what passes."""

    size: int = 0
    _digest: "hashlib._Hash" = field(default_factory=hashlib.sha256)

    def add(self, chunk: bytes) -> None:
        self.size += len(chunk)
        self._digest.update(chunk)

    def stored(self) -> Stored:
        return Stored(self.size, self._digest.hexdigest())


class Storage(Protocol):
    """All operations raise StorageAway while the place can't be reached."""

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> Stored:
        """Keep a file whole and durably, or nothing of it. Raises StorageFull."""

    async def open(self, key: str) -> Opened:
        """Raises FileMissing, before anything was read."""

    async def delete(self, key: str) -> None:
        """What is not there is no error; what a put that broke off has left goes too."""

    async def exists(self, key: str) -> bool: ...

    def older_than(self, before: datetime) -> AsyncIterator[str]:
        """Keys of what was put before, puts that broke off among them."""


def checked(key: str) -> str:
    """The key; raises ValueError for one that could be anything but a plain name."""
    if _KEY.fullmatch(key) is None:
        raise ValueError("not a key of a stored file")
    return key


async def digest_of(storage: Storage, key: str) -> Stored:
    """Size and hash of what is kept. Raises FileMissing."""
    tally = Tally()
    async for chunk in (await storage.open(key)).chunks:
        tally.add(chunk)
    return tally.stored()
