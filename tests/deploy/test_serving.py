"""Connections on which somebody begins to say something and does not go on: every server ends them."""

import asyncio
import contextlib
import functools
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from deploy.serving import protocol
from deploy.serving.protocol import BoundedProtocol, Patience
from tests.support.ports import free_port
from tests.support.waiting import eventually

SHORT = Patience(head_seconds=0.5, body_seconds=2.0, body_pause_seconds=0.5)
HALF_OPEN = 300
FORM = b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: "


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """`/echo` answers with the length of the body; everything else is refused unread."""
    if scope["type"] != "http":
        return
    length = 0
    status = 200 if scope["path"] == "/echo" else 401
    while status == 200:
        message = await receive()
        if message["type"] == "http.disconnect":
            return
        length += len(message["body"])
        if not message["more_body"]:
            break
    body = str(length).encode()
    await send(
        {"type": "http.response.start", "status": status, "headers": [(b"content-length", str(len(body)).encode())]}
    )
    await send({"type": "http.response.body", "body": body})


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Running:
    port: int
    server: uvicorn.Server

    @property
    def connections(self) -> int:
        return len(self.server.server_state.connections)

    async def connect(self, sent: bytes = b"") -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(sent)
        await writer.drain()
        return reader, writer

    async def answer_to(self, sent: bytes) -> bytes:
        """All that comes until the server ends the connection."""
        reader, writer = await self.connect(sent)
        async with asyncio.timeout(30):
            try:
                return await reader.read()
            finally:
                writer.close()


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    monkeypatch.setattr(protocol, "patience", functools.cache(lambda: SHORT))
    port = free_port()
    config: Any = uvicorn.Config(
        app, "127.0.0.1", port, http=BoundedProtocol, ws="none", log_config=None, lifespan="off", timeout_keep_alive=30
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    await eventually(lambda: server.started or task.done(), what="the server")
    yield Running(port, server)
    server.should_exit = True
    await task


async def test_three_hundred_half_open_connections_are_gone_after_the_limit(running: Running) -> None:
    begun = [b"", b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Slow: ", FORM + b"100\r\n\r\nhalf of it"]
    opened = [await running.connect(begun[number % 3]) for number in range(HALF_OPEN)]
    assert (await running.answer_to(FORM + b"2\r\nConnection: close\r\n\r\nok")).endswith(b"\r\n\r\n2")
    await eventually(lambda: running.connections == 0, what="the end of all half-open connections")
    for _, writer in opened:
        writer.close()


async def test_a_head_that_does_not_end_is_told_so(running: Running) -> None:
    answer = await running.answer_to(b"GET /echo HTTP/1.1\r\nHost: x\r\n")
    assert answer.startswith(b"HTTP/1.1 408 ")


async def test_on_a_kept_connection_the_next_head_has_to_end_too(running: Running) -> None:
    answer = await running.answer_to(FORM + b"2\r\n\r\nok" + b"GET /echo HTTP/1.1\r\nHo")
    assert answer.startswith(b"HTTP/1.1 200 ")
    assert running.connections == 0


async def test_a_body_in_drops_ends_in_time_although_it_never_pauses(running: Running) -> None:
    reader, writer = await running.connect(FORM + b"1000000\r\n\r\n")

    async def drip() -> None:
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"a")
                await writer.drain()
                await asyncio.sleep(0.05)

    dripping = asyncio.create_task(drip())
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            assert await reader.read() == b""
    dripping.cancel()
    writer.close()


@pytest.mark.parametrize(
    "endless",
    [
        b"GET /" + b"a" * 5_000_000,
        b"GET /echo HTTP/1.1\r\nHost: x\r\nX-Long: " + b"a" * 5_000_000,
        b"GET /echo HTTP/1.1\r\nHost: x\r\n" + b"X-Many: 1\r\n" * 500_000,
    ],
)
async def test_a_head_without_an_end_is_not_collected(running: Running, endless: bytes) -> None:
    reader, writer = await running.connect()
    taken = 0
    with contextlib.suppress(ConnectionError):
        for start in range(0, len(endless), 65_536):
            writer.write(endless[start : start + 65_536])
            await writer.drain()
            taken = start
    async with asyncio.timeout(30):
        with contextlib.suppress(ConnectionError):
            answer = await reader.read()
            assert answer == b"" or answer.startswith((b"HTTP/1.1 431 ", b"HTTP/1.1 400 "))
    writer.close()
    await eventually(lambda: running.connections == 0, what="the end of the connection")
    assert taken < len(endless)


async def test_an_answer_that_comes_early_arrives_although_the_rest_is_still_being_sent(running: Running) -> None:
    head = b"POST /private HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n"
    reader, writer = await running.connect(head + b"a" * 100_000)
    async with asyncio.timeout(30):
        assert (await reader.readline()).startswith(b"HTTP/1.1 401 ")
        await eventually(lambda: running.connections == 0, what="the end of the connection")
    writer.close()


async def test_requests_on_one_connection_are_answered_in_turn_but_not_any_number_ahead(running: Running) -> None:
    one = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await running.answer_to(one * 9 + last)).count(b"HTTP/1.1 200 ") == 10
    with contextlib.suppress(ConnectionError):
        assert (await running.answer_to(one * 5_000)).count(b"HTTP/1.1 200 ") < 5_000
    assert running.connections == 0


async def test_a_slow_app_is_not_taken_for_a_slow_client(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    async def slow(scope: Scope, receive: Receive, send: Send) -> None:
        await asyncio.sleep(3 * SHORT.body_pause_seconds)  # as a service that waits for a connection
        await app(scope, receive, send)

    monkeypatch.setattr(running.server.config, "loaded_app", slow)
    body = b"a" * 300_000
    answer = await running.answer_to(FORM + str(len(body)).encode() + b"\r\nConnection: close\r\n\r\n" + body)
    assert answer.endswith(b"\r\n\r\n300000")
