"""Files in a folder of this machine, or of a volume that all replicas mount.

A file is written under a temporary name, made durable, and renamed: a reader, or a crash, never meets half a file.
"""

import asyncio
import errno
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO, Final

from services.kit.files.storage import (
    CHUNK_BYTES,
    FileMissing,
    Opened,
    StorageAway,
    StorageFull,
    Stored,
    Tally,
    checked,
)

_PART: Final = ".part"
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT})


@contextmanager
def told() -> Iterator[None]:
    """Turns what the file system says into what a caller is told."""
    try:
        yield
    except OSError as error:
        raise (StorageFull() if error.errno in _NO_ROOM else StorageAway(str(error))) from error


class FolderStorage:
    """``root`` is made when it is first needed."""

    def __init__(self, root: Path) -> None:
        self._root = root

    async def put(self, key: str, chunks: AsyncIterator[bytes]) -> Stored:
        path = self._path(key)
        part = path.with_name(path.name + _PART)
        tally = Tally()
        with told():
            file = await asyncio.to_thread(_begin, part)
            try:
                async for chunk in chunks:
                    tally.add(chunk)
                    await asyncio.to_thread(file.write, chunk)
                await asyncio.to_thread(_finish, file, part, path)
            except BaseException:
                # Closing may fail like the write before it: what it could not write is not wanted any more.
                with suppress(OSError):
                    file.close()
                part.unlink(missing_ok=True)
                raise
        return tally.stored()

    async def open(self, key: str) -> Opened:
        path = self._path(key)
        with told():
            try:
                file = await asyncio.to_thread(path.open, "rb")
            except FileNotFoundError as error:
                raise FileMissing(key) from error
            return Opened(os.fstat(file.fileno()).st_size, _read(file))

    async def delete(self, key: str) -> None:
        path = self._path(key)
        with told():
            for each in (path, path.with_name(path.name + _PART)):
                await asyncio.to_thread(each.unlink, missing_ok=True)

    async def exists(self, key: str) -> bool:
        with told():
            return await asyncio.to_thread(self._path(key).is_file)

    async def older_than(self, before: datetime) -> AsyncIterator[str]:
        with told():
            folders = await asyncio.to_thread(_folders, self._root)
            for folder in folders:
                for key in await asyncio.to_thread(_older, folder, before):
                    yield key

    def _path(self, key: str) -> Path:
        # Ids begin with their time: their ends spread over the folders.
        return self._root / checked(key)[-2:] / key


def _begin(part: Path) -> BinaryIO:
    part.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    return os.fdopen(descriptor, "wb", buffering=CHUNK_BYTES)


def _finish(file: BinaryIO, part: Path, path: Path) -> None:
    file.flush()
    os.fsync(file.fileno())
    file.close()
    part.replace(path)
    # The rename itself is durable once its folder is.
    descriptor = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


async def _read(file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await asyncio.to_thread(file.read, CHUNK_BYTES):
            yield chunk


def _folders(root: Path) -> list[Path]:
    return sorted(entry for entry in root.iterdir() if entry.is_dir()) if root.is_dir() else []


def _older(folder: Path, before: datetime) -> list[str]:
    return sorted(set(_keys(folder, before)))


def _keys(folder: Path, before: datetime) -> Iterator[str]:
    for entry in os.scandir(folder):
        with suppress(FileNotFoundError):  # deleted meanwhile
            if datetime.fromtimestamp(entry.stat().st_mtime, UTC) < before:
                yield entry.name.removesuffix(_PART)
