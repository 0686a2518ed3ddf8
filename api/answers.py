"""Answers that the gateway sends itself."""

from collections.abc import Iterable
from typing import Any

import orjson
from starlette.types import Message, Send

from api import headers
from api.calls import Reply


class Outgoing:
    """The way to the client: adds the gateway's headers, and knows whether an answer has begun."""

    def __init__(self, send: Send, added: Iterable[tuple[bytes, bytes]]) -> None:
        self._send = send
        self.added = list(added)
        self.started = False

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started = True
            message = {**message, "headers": [*message["headers"], *self.added]}
        await self._send(message)


async def send_reply(reply: Reply, send: Send) -> None:
    """A service's whole answer, passed on."""
    passed = [item for item in headers.to_client(reply.headers) if item[0] != b"content-length"]
    await send_bytes(reply.body, send, status=reply.status, head=passed)


async def send_json(content: Any, send: Send, *, status: int = 200) -> None:
    await send_bytes(orjson.dumps(content), send, status=status, head=[(b"content-type", b"application/json")])


async def send_bytes(body: bytes, send: Send, *, status: int, head: Iterable[tuple[bytes, bytes]]) -> None:
    length = (b"content-length", str(len(body)).encode())
    await send({"type": "http.response.start", "status": status, "headers": [*head, length]})
    await send({"type": "http.response.body", "body": body})
