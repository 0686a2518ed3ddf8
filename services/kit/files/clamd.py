"""A virus scanner over TCP: the INSTREAM command of ClamAV's daemon (clamd(8))."""

import asyncio
import struct
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Final

CONNECT_SECONDS: Final = 5.0
PATIENCE_SECONDS: Final = 60.0
"""For each part to be taken, and for the verdict."""
ANSWER_MAX: Final = 4096
_LENGTH: Final = struct.Struct("!L")
_PREFIX: Final = "stream: "
_FOUND: Final = " FOUND"


class ScannerAway(Exception):
    """No verdict: the scanner can't be reached, is slow, or refuses to look."""


@dataclass(frozen=True, slots=True)
class Scanner:
    host: str
    port: int
    patience_seconds: float = PATIENCE_SECONDS

    async def scan(self, chunks: AsyncIterator[bytes]) -> str | None:
        """The name of what was found; None for a clean file. Raises ScannerAway."""
        try:
            async with asyncio.timeout(CONNECT_SECONDS):
                reader, writer = await asyncio.open_connection(self.host, self.port)
        except (OSError, TimeoutError) as error:
            raise ScannerAway(f"no connection: {error!r}") from error
        try:
            answer = await self._ask(reader, writer, chunks)
        except (OSError, EOFError, TimeoutError) as error:
            raise ScannerAway(f"no verdict: {error!r}") from error
        finally:
            writer.close()
        return _verdict(answer)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, chunks: AsyncIterator[bytes]
    ) -> str:
        # "z": commands and answers end with NUL.
        writer.write(b"zINSTREAM\0")
        async for chunk in chunks:
            writer.write(_LENGTH.pack(len(chunk)) + chunk)
            async with asyncio.timeout(self.patience_seconds):
                await writer.drain()
        writer.write(_LENGTH.pack(0))
        async with asyncio.timeout(self.patience_seconds):
            await writer.drain()
            answer = await reader.readuntil(b"\0")
        return answer[:ANSWER_MAX].rstrip(b"\0").decode("utf-8", "replace").strip()


def _verdict(answer: str) -> str | None:
    told = answer.removeprefix(_PREFIX)
    if told == "OK":
        return None
    if told.endswith(_FOUND):
        return told.removesuffix(_FOUND)
    # A limit of its own, or a fault: neither clean nor infected.
    raise ScannerAway(f"the scanner answered {answer[:200]!r}")
