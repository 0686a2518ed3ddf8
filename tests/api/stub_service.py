"""A service that does exactly what a test wants on its socket: answer, hang, break off, vanish and come back."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

import orjson

from tests.support.ports import free_port


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: bytes
    head: bytes
    """As it came over the wire."""


Behaviour = Callable[[Request, asyncio.StreamWriter], Awaitable[None]]


def reply(status: int = 200, content: Any = None, **headers: str) -> Behaviour:
    """A JSON answer; underscores in header names stand for hyphens."""
    body = orjson.dumps(content)
    lines = [f"HTTP/1.1 {status} X", "Content-Type: application/json", f"Content-Length: {len(body)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]

    async def answer(_request: Request, writer: asyncio.StreamWriter) -> None:
        writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await writer.drain()

    return answer


async def echo(request: Request, writer: asyncio.StreamWriter) -> None:
    """What the service got."""
    content = {
        "method": request.method,
        "path": request.path,
        "query": request.query,
        "headers": request.headers,
        "body": request.body.decode(),
    }
    await reply(200, content)(request, writer)


async def reset(_request: Request, writer: asyncio.StreamWriter) -> None:
    """The connection breaks before any answer."""
    writer.transport.abort()


async def hang(_request: Request, _writer: asyncio.StreamWriter) -> None:
    """Never answers."""
    await asyncio.Event().wait()


def written(*parts: bytes, then_abort: bool = False) -> Behaviour:
    """These bytes, as they are."""

    async def answer(_request: Request, writer: asyncio.StreamWriter) -> None:
        for part in parts:
            writer.write(part)
            await writer.drain()
        if then_abort:
            writer.transport.abort()
        else:
            writer.close()

    return answer


@dataclass
class StubService:
    name: str
    port: int = field(default_factory=free_port)
    requests: list[Request] = field(default_factory=list)
    connections: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._behaviours: dict[tuple[str, str], Behaviour] = {}
        self._once: dict[tuple[str, str], list[Behaviour]] = defaultdict(list)
        self._server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def on(self, method: str, path: str, behaviour: Behaviour, *, once: bool = False) -> None:
        """Instead of the echo; `once` for the next such request only."""
        if once:
            self._once[method, path].append(behaviour)
        else:
            self._behaviours[method, path] = behaviour

    def asked(self, path: str) -> int:
        """How many requests came for a path."""
        return sum(request.path == path for request in self.requests)

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", self.port)

    async def kill(self) -> None:
        """The listener goes, and all connections with it."""
        if self._server is not None:
            self._server.close()
        for task in self.connections:
            task.cancel()
        await asyncio.gather(*self.connections, return_exceptions=True)
        self._server = None

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self.connections.add(task)
        try:
            while not writer.is_closing() and (request := await _read(reader)) is not None:
                self.requests.append(request)
                key = (request.method, request.path)
                once = self._once.get(key)
                await (once.pop(0) if once else self._behaviours.get(key, echo))(request, writer)
        except (ConnectionError, asyncio.CancelledError):
            writer.transport.abort()
        finally:
            self.connections.discard(task)
            writer.close()


async def _read(reader: asyncio.StreamReader) -> Request | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except (asyncio.IncompleteReadError, ConnectionError):
        return None
    first, *lines = head.decode("latin-1").strip().split("\r\n")
    method, target, _ = first.split(" ")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
    body = await _body(reader, headers)
    path, _, query = target.partition("?")
    return Request(method, path, dict(parse_qsl(query)), headers, body, head)


async def _body(reader: asyncio.StreamReader, headers: Mapping[str, str]) -> bytes:
    if "content-length" in headers:
        return await reader.readexactly(int(headers["content-length"]))
    assert "transfer-encoding" not in headers, "the gateway always tells the length"
    return b""
