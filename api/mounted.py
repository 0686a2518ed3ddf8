"""A service in this process: its app is called directly, without a socket in between."""

import asyncio
from collections.abc import Callable
from typing import Final
from urllib.parse import unquote

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import headers
from api.calls import Call, Document, Reply, UpstreamSlow, fetch_document

_NOBODY: Final = ("127.0.0.1", 0)


class MountedUpstream:
    """The app's own lifespan is run by whoever mounted it."""

    def __init__(self, name: str, app: ASGIApp) -> None:
        self.name = name
        self._app = app

    async def open(self) -> None:
        """There is no connection to open."""

    async def close(self) -> None:
        """Nor one to close."""

    async def forward(self, call: Call, receive: Receive, send: Send, deadline: float) -> None:
        answered = False
        try:
            # The time of a file's way is the client's; the service's begins when the last piece is there.
            async with asyncio.timeout(deadline if call.upload is None else None) as timer:

                async def pass_on(message: Message) -> None:
                    nonlocal answered
                    if message["type"] == "http.response.start":
                        answered = True
                        timer.reschedule(None)
                        message = {**message, "headers": headers.to_client(message["headers"])}
                    await send(message)

                async def read_upload() -> Message:
                    assert call.upload is not None
                    if call.upload.complete.is_set():
                        return await receive()
                    message = await call.upload.message()
                    if call.upload.complete.is_set() and not answered:
                        timer.reschedule(asyncio.get_running_loop().time() + deadline)
                    return message

                reading = _body_then(call.body, receive) if call.upload is None else read_upload
                await self._app(self._scope(call), reading, pass_on)
        except TimeoutError as error:
            if not timer.expired():
                raise
            raise UpstreamSlow(self.name) from error

    async def fetch(self, call: Call, deadline: float) -> Reply:
        start: Message = {}
        chunks: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                chunks.append(message.get("body", b""))

        try:
            async with asyncio.timeout(deadline):
                await self._app(self._scope(call), _body_then(call.body, _never), collect)
        except TimeoutError as error:
            raise UpstreamSlow(self.name) from error
        return Reply(start["status"], start["headers"], b"".join(chunks))

    async def document(self, deadline: float) -> Document:
        """FastAPI makes it at the first call, which takes most of a second: not in the loop that serves everybody."""
        make: Callable[[], Document] | None = getattr(self._app, "openapi", None)
        return await (fetch_document(self, deadline) if make is None else asyncio.to_thread(make))

    def _scope(self, call: Call) -> Scope:
        return {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.3"},
            "http_version": "1.1",
            "method": call.method,
            "scheme": "http",
            "path": unquote(call.path),
            "raw_path": call.path.encode("latin-1"),
            "root_path": "",
            "query_string": call.query,
            "headers": [(b"host", self.name.encode()), *_length(call), *call.headers],
            "client": call.client or _NOBODY,
            "server": (self.name, 80),
        }


def _length(call: Call) -> list[tuple[bytes, bytes]]:
    if call.upload is not None:
        return [] if call.upload.length is None else [(b"content-length", call.upload.length)]
    return [(b"content-length", str(len(call.body)).encode())] if call.body or not call.safe else []


def _body_then(body: bytes, receive: Receive) -> Receive:
    """The body that was read already, then what the server tells: that the client has gone."""
    told = False

    async def read() -> Message:
        nonlocal told
        if not told:
            told = True
            return {"type": "http.request", "body": body, "more_body": False}
        return await receive()

    return read


async def _never() -> Message:
    await asyncio.Event().wait()
    raise AssertionError("unreachable")
