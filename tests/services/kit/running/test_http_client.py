"""Clients of both sides keep nobody's cookies and send nothing twice on their own; nobody makes another kind."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest

from frontend.ui import http_client as frontends
from services.kit.running import http_client as services

ROOT = Path(__file__).resolve().parents[4]
MAKERS = {"services/kit/running/http_client.py", "frontend/ui/http_client.py"}
Client = Callable[[], aiohttp.ClientSession]
CLIENTS: dict[str, Client] = {
    "services": services.pooled_client,
    "frontends": lambda: frontends.pooled_client(connections=8),
}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nSet-Cookie: who=somebody; Path=/\r\n\r\n"


@dataclass
class Server:
    """Answers as long as it is told to, on connections that stay open; then it reads a request and hangs up."""

    url: str
    answers: bool = True
    heads: list[bytes] = field(default_factory=list)


@asynccontextmanager
async def listening() -> AsyncIterator[Server]:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                server.heads.append(await reader.readuntil(b"\r\n\r\n"))
                if not server.answers:
                    break
                writer.write(ANSWER)
        except asyncio.IncompleteReadError:
            pass  # the client has gone
        finally:
            writer.close()

    running = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with running:
        port = running.sockets[0].getsockname()[1]
        # By name: for addresses a cookie jar of aiohttp's keeps nothing anyway.
        server = Server(f"http://localhost:{port}/")
        yield server


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH", "POST"])
async def test_a_request_whose_answer_is_lost_is_sent_once(client: Client, method: str) -> None:
    async with listening() as server, client() as session:
        async with session.get(server.url) as answer:
            assert answer.status == 200
        server.answers = False
        with pytest.raises(aiohttp.ServerDisconnectedError):
            await session.request(method, server.url)
        assert [head.split(b" ")[0].decode() for head in server.heads] == ["GET", method]


@pytest.mark.parametrize("client", CLIENTS.values(), ids=CLIENTS)
async def test_a_cookie_of_one_answer_goes_with_no_other_request(client: Client) -> None:
    async with listening() as server, client() as session:
        for _ in range(2):
            async with session.get(server.url) as answer:
                assert answer.cookies["who"].value == "somebody"
        assert not any(b"cookie:" in head.lower() for head in server.heads)


def test_nobody_else_makes_a_client() -> None:
    makers = {
        path.relative_to(ROOT).as_posix()
        for package in ("activities", "api", "deploy", "frontend", "services", "workers", "workflows")
        for path in (ROOT / package).rglob("*.py")
        if "ClientSession(" in path.read_text(encoding="utf-8")
    }
    assert makers == MAKERS
