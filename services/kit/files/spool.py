"""An upload on its way: kept in a nameless temporary file until it is known what it is.

The kernel takes a nameless file back however the process ends, so an upload that breaks off leaves nothing.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from services.kit.errors import PayloadTooLarge, Text
from services.kit.files.folder import told
from services.kit.files.storage import CHUNK_BYTES, Stored, Tally


class FileTooLarge(PayloadTooLarge):
    """``maxBytes``: what one file may have."""

    code = "file_too_large"
    title = Text("ファイルが大きすぎます", "The file is too large")

    def __init__(self, most: int) -> None:
        mib = most / (1024 * 1024)
        size = f"{mib:.0f}" if mib >= 10 else f"{mib:.1f}"
        message = Text(f"1 ファイルは {size} MB までです", f"A file may have at most {size} MB")
        super().__init__(message, maxBytes=most)


@dataclass(frozen=True, slots=True)
class Spooled:
    file: BinaryIO
    what: Stored

    async def chunks(self) -> AsyncIterator[bytes]:
        """From the start, as often as asked."""
        position = 0
        while chunk := await asyncio.to_thread(_read_at, self.file, position):
            position += len(chunk)
            yield chunk


def _read_at(file: BinaryIO, position: int) -> bytes:
    file.seek(position)
    return file.read(CHUNK_BYTES)


@asynccontextmanager
async def spooled(chunks: AsyncIterator[bytes], most: int) -> AsyncIterator[Spooled]:
    """The whole of an upload. Raises FileTooLarge beyond ``most`` bytes, StorageFull, StorageAway."""
    tally = Tally()
    with told():
        # Without a buffer of its own, so that closing a file on a full disk has nothing left to write.
        file = await asyncio.to_thread(_nameless)
    with file:
        async for chunk in chunks:
            tally.add(chunk)
            if tally.size > most:
                raise FileTooLarge(most)
            with told():
                await asyncio.to_thread(_write, file, chunk)
        yield Spooled(file, tally.stored())


def _nameless() -> BinaryIO:
    return tempfile.TemporaryFile(buffering=0)


def _write(file: BinaryIO, chunk: bytes) -> None:
    """A file without a buffer may take less than it is given."""
    view = memoryview(chunk)
    while view:
        view = view[file.write(view) :]
