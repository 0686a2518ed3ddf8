"""Reading a request's body before anything is sent on, so that a slow or broken sender costs no service anything."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive

from services.kit.errors import ProblemError, Text

CHUNK_TIMEOUT_SECONDS: Final = 15.0
"""Between two chunks of a body."""


class ClientGone(Exception):
    """The client closed the connection; nobody waits for an answer."""


class BodyTimeout(ProblemError):
    status, code = 408, "body_timeout"
    title = Text("データの受信が時間切れになりました", "The body did not arrive in time")


async def read_body(receive: Receive) -> bytes:
    """The whole body; its size is capped by the middleware around. Raises BodyTimeout or ClientGone."""
    chunks: list[bytes] = []
    while True:
        try:
            async with asyncio.timeout(CHUNK_TIMEOUT_SECONDS):
                message = await receive()
        except TimeoutError as error:
            raise BodyTimeout from error
        if message["type"] == "http.disconnect":
            raise ClientGone
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks) if len(chunks) > 1 else chunks[0]


class UploadBody:
    """The body of an upload, passed on piece by piece: as large as a file, it is never whole in memory (ADR 0037)."""

    def __init__(self, receive: Receive, length: bytes | None) -> None:
        self._receive = receive
        self.length = length
        """Content-Length as the client declared it; None for chunks."""
        self.complete = asyncio.Event()
        self.broken: Exception | None = None
        """Why it ended before its end: the client's doing, no fault of the service that it went to."""

    async def message(self) -> Message:
        """The next piece, as ASGI has it. Raises BodyTimeout, ClientGone, or what the server's cap says."""
        try:
            async with asyncio.timeout(CHUNK_TIMEOUT_SECONDS):
                message = await self._receive()
        except TimeoutError as error:
            self.broken = BodyTimeout()
            raise self.broken from error
        except HTTPException as error:
            self.broken = error
            raise
        if message["type"] == "http.disconnect":
            self.broken = ClientGone()
            raise self.broken
        if not message.get("more_body", False):
            self.complete.set()
        return message

    async def chunks(self) -> AsyncIterator[bytes]:
        while not self.complete.is_set():
            yield (await self.message()).get("body", b"")


def needs_reading(headers: list[tuple[bytes, bytes]]) -> bool:
    """Most requests have no body; asking the server for it would cost a turn of the loop."""
    return any(
        (name == b"content-length" and value.strip() not in (b"", b"0")) or name == b"transfer-encoding"
        for name, value in headers
    )
