"""A service in another process, reached by HTTP over a pool of kept-alive connections."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import aiohttp
from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Send
from yarl import URL

from api import headers
from api.body import BodyTimeout, ClientGone, UploadBody
from api.breaker import Breaker
from api.calls import Call, Document, Reply, UpstreamBroke, UpstreamSlow, UpstreamUnreachable, fetch_document
from services.kit.errors import BadRequest
from services.kit.running.http_client import pooled_client, stream_client

CONNECT_SECONDS: Final = 2.0
CHUNK_SECONDS: Final = 30.0
"""Between two parts of an answer that has begun."""
EVENT_STREAM_CHUNK_SECONDS: Final = 90.0
"""Server-sent events are silent between heartbeats."""
SMALL_BODY: Final = 256 * 1024
"""Read at once: one message to the client, and a break in it still can be told as a problem."""
_SKIPPED_BY_CLIENT: Final = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


class AnswerCutOff(Exception):
    """The service broke off after its answer had begun: the client's connection is closed, so that it notices."""


class NetworkUpstream:
    """`base_url` has no trailing slash."""

    def __init__(self, name: str, base_url: str) -> None:
        self.name = name
        self.breaker = Breaker(name)
        self._base_url = base_url
        self._session: aiohttp.ClientSession | None = None
        self._streams: aiohttp.ClientSession | None = None

    async def open(self) -> None:
        options: dict[str, Any] = {
            "timeout": aiohttp.ClientTimeout(total=None, sock_connect=CONNECT_SECONDS),
            "skip_auto_headers": _SKIPPED_BY_CLIENT,
            "auto_decompress": False,
        }
        self._session = pooled_client(**options)
        self._streams = stream_client(**options)

    async def close(self) -> None:
        for session in (self._session, self._streams):
            if session is not None:
                await session.close()

    async def forward(self, call: Call, receive: Receive, send: Send, deadline: float) -> None:
        async with self._answer(call, deadline) as (response, body):
            start: Message = {
                "type": "http.response.start",
                "status": response.status,
                "headers": headers.to_client([(name.lower(), value) for name, value in response.raw_headers]),
            }
            if body is not None:
                await send(start)
                await send({"type": "http.response.body", "body": body})
                return
            await send(start)
            await self._stream(response, receive, send)

    async def fetch(self, call: Call, deadline: float) -> Reply:
        try:
            async with asyncio.timeout(deadline), self._answer(call, deadline) as (response, body):
                content = await response.read() if body is None else body
                raw = [(name.lower(), value) for name, value in response.raw_headers]
                return Reply(response.status, raw, content)
        except TimeoutError as error:
            raise UpstreamSlow(self.name) from error
        except (aiohttp.ClientError, OSError) as error:
            raise UpstreamBroke(self.name) from error

    async def document(self, deadline: float) -> Document:
        return await fetch_document(self, deadline)

    @asynccontextmanager
    async def _answer(self, call: Call, deadline: float) -> AsyncIterator[tuple[aiohttp.ClientResponse, bytes | None]]:
        """The answer once it has begun, with its body if that is small."""
        self.breaker.admit()
        try:
            async with asyncio.timeout(deadline if call.upload is None else None) as timer:
                response, body = await self._ask(call, lambda: _begin(timer, deadline))
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            self.breaker.failed()
            raise UpstreamUnreachable(self.name) from error
        except TimeoutError as error:
            self.breaker.failed()
            raise UpstreamSlow(self.name) from error
        except (aiohttp.ClientError, OSError, ClientGone, BodyTimeout, HTTPException) as error:
            if call.upload is not None and call.upload.broken is not None:
                # The client's doing: whether the service is well is not known by it.
                raise call.upload.broken from error
            self.breaker.failed()
            raise UpstreamBroke(self.name) from error
        self.breaker.succeeded()
        try:
            yield response, body
        finally:
            # Returns the connection to the pool if the answer was read to its end, closes it otherwise.
            response.release()

    async def _ask(self, call: Call, sent: Callable[[], None]) -> tuple[aiohttp.ClientResponse, bytes | None]:
        """A request that changes nothing is repeated once when its connection breaks."""
        try:
            return await self._ask_once(call, sent)
        except (aiohttp.ServerDisconnectedError, aiohttp.ClientOSError, aiohttp.ClientPayloadError) as error:
            if not call.safe or isinstance(error, aiohttp.ClientConnectorError):
                raise
        return await self._ask_once(call, sent)

    async def _ask_once(self, call: Call, sent: Callable[[], None]) -> tuple[aiohttp.ClientResponse, bytes | None]:
        session = self._streams if call.streams else self._session
        assert session is not None, "the upstream is not open"
        given = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in call.headers]
        try:
            url = URL(self._base_url + call.target, encoded=True)
            # No body and no length on GET; an empty body on others, so that its length is told.
            data: bytes | AsyncIterator[bytes] | None = call.body if call.body or not call.safe else None
            if call.upload is not None:
                data = _passed_on(call.upload, sent)
                if call.upload.length is not None:
                    given.append(("Content-Length", call.upload.length.decode("latin-1")))
            response = await session.request(call.method, url, headers=given, data=data, allow_redirects=False)
        except ValueError as error:
            # The client library refuses what can't be written as a header.
            raise BadRequest from error
        try:
            length = response.content_length
            if length is not None and length <= SMALL_BODY:
                return response, await response.read()
        except BaseException:
            response.close()
            raise
        return response, None

    async def _stream(self, response: aiohttp.ClientResponse, receive: Receive, send: Send) -> None:
        """Chunk by chunk, until the answer ends or the client goes."""
        events = response.content_type == "text/event-stream"
        gone = asyncio.ensure_future(_disconnected(receive))
        pump = asyncio.ensure_future(
            self._pump(response, send, EVENT_STREAM_CHUNK_SECONDS if events else CHUNK_SECONDS)
        )
        try:
            await asyncio.wait({gone, pump}, return_when=asyncio.FIRST_COMPLETED)
            if pump.done():
                pump.result()
        finally:
            for task in (gone, pump):
                task.cancel()
            await asyncio.gather(gone, pump, return_exceptions=True)
            if not response.content.at_eof():
                response.close()

    async def _pump(self, response: aiohttp.ClientResponse, send: Send, patience: float) -> None:
        chunks = response.content.iter_any()
        while True:
            try:
                async with asyncio.timeout(patience):
                    chunk = await anext(chunks, None)
            except (aiohttp.ClientError, OSError, TimeoutError) as error:
                raise AnswerCutOff(self.name) from error
            if chunk is None:
                break
            await send({"type": "http.response.body", "body": chunk, "more_body": True})
        await send({"type": "http.response.body", "body": b""})


async def _passed_on(upload: UploadBody, sent: Callable[[], None]) -> AsyncIterator[bytes]:
    async for chunk in upload.chunks():
        yield chunk
    sent()


def _begin(timer: asyncio.Timeout, deadline: float) -> None:
    """The time of a file's way is the client's; the service's begins when the last piece was sent."""
    if timer.when() is None:
        timer.reschedule(asyncio.get_running_loop().time() + deadline)


async def _disconnected(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
