"""A stand-in of ClamAV's daemon that speaks INSTREAM and finds EICAR. The real one needs signatures from its vendor."""

import asyncio
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tests.support.files import EICAR


class FakeClamd:
    """``silent``: takes everything and says nothing. ``refuses``: as a limit of its own would."""

    def __init__(self) -> None:
        self.port = 0
        self.silent = False
        self.refuses = False
        self.scanned: list[int] = []
        """Sizes of what was sent."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            assert await reader.readuntil(b"\0") == b"zINSTREAM\0"
            content = bytearray()
            while length := struct.unpack("!L", await reader.readexactly(4))[0]:
                content += await reader.readexactly(length)
            self.scanned.append(len(content))
            if self.silent:
                await reader.read()
            elif self.refuses:
                writer.write(b"INSTREAM size limit exceeded. ERROR\0")
            elif EICAR in content:
                writer.write(b"stream: Eicar-Test-Signature FOUND\0")
            else:
                writer.write(b"stream: OK\0")
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # the client has gone
        finally:
            writer.close()


@asynccontextmanager
async def fake_clamd() -> AsyncIterator[FakeClamd]:
    fake = FakeClamd()
    async with await asyncio.start_server(fake.serve, "127.0.0.1", 0) as server:
        fake.port = server.sockets[0].getsockname()[1]
        yield fake
