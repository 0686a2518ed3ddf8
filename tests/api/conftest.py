"""The gateway on a real socket, before services that behave as a test wants."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

import aiohttp
import jwt
import orjson
import pytest
import uvicorn
from starlette.types import ASGIApp

from api.app import create_app
from api.paths import SERVICES
from api.settings import GatewaySettings
from services.contracts.permissions import Role
from services.kit.running import clock
from tests.api.stub_service import StubService, reply
from tests.support.broker import running_broker
from tests.support.http import TestIssuer
from tests.support.keys import SERVICE_KEYS
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer
from tests.support.system import System, running_system
from tests.support.temporal import running_temporal
from tests.support.waiting import eventually


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """The test run keeps its own handlers."""
        yield


@asynccontextmanager
async def listening(app: ASGIApp) -> AsyncIterator[int]:
    """The app on a free port."""
    port = free_port()
    config = uvicorn.Config(app, "127.0.0.1", port, log_config=None, lifespan="on", timeout_graceful_shutdown=1)
    server = _Server(config)
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started or task.done(), what="the gateway's socket")
        yield port
    finally:
        server.should_exit = True
        await task


@dataclass
class Answer:
    status: int
    headers: Any
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


class Edge:
    """The gateway and what stands behind it."""

    def __init__(self, port: int, services: dict[str, StubService], issuer: TestIssuer) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        self.services = services
        self.user_id = uuid4()
        self._issuer = issuer
        self.session = aiohttp.ClientSession(auto_decompress=False)

    def token(self, *roles: str, user_id: UUID | None = None, **claims: Any) -> str:
        return self._issuer.token(user_id or self.user_id, roles or ["rep"], **claims)

    async def ask(
        self, method: str, path: str, *, token: str | None = "", headers: dict[str, str] | None = None, **options: Any
    ) -> Answer:
        """`token` None: none is sent."""
        sent = dict(headers or {})
        if token is not None:
            sent.setdefault("Authorization", f"Bearer {token or self.token()}")
        async with self.session.request(method, self.url + path, headers=sent, **options) as response:
            return Answer(response.status, response.headers, await response.read())

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.ask("GET", path, **options)

    async def raw(self, request: bytes) -> bytes:
        """What comes back for bytes that no client library would send."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        writer.write(request)
        await writer.drain()
        answer = await asyncio.wait_for(reader.read(65536), 30)
        writer.close()
        return answer


OpenEdge = Callable[..., Any]

UNLIMITED = 100_000_000


@pytest.fixture(scope="package")
async def system(postgres: PostgresServer) -> AsyncIterator[System]:
    """All services and workers behind a gateway that limits nobody, with somebody of each role."""
    limits = dict.fromkeys(("rate_limit_user", "rate_limit_address", "rate_limit_login"), UNLIMITED)
    with running_temporal() as temporal, running_broker() as broker:
        async with running_system(postgres, temporal, broker, **limits) as running:
            await running.person("admin", Role.ADMIN)
            await running.person("ops", Role.OPS)
            await running.person("auditor", Role.AUDITOR)
            manager = await running.person("manager", Role.MANAGER)
            await running.person("rep", Role.REP, manager=manager)
            await running.person("rep2", Role.REP, manager=manager)
            yield running


@pytest.fixture
async def open_edge(issuer: TestIssuer) -> AsyncIterator[OpenEdge]:
    """`await open_edge(rate_limit_user=5)`: keyword arguments are settings."""
    async with AsyncExitStack() as stack:

        async def start(**settings: Any) -> Edge:
            services = {name: StubService(name) for name in SERVICES}
            for service in services.values():
                await service.start()
                stack.push_async_callback(service.kill)
                service.on("GET", "/readyz", reply(200, {"status": "ready"}))
            key = jwt.algorithms.OKPAlgorithm.to_jwk(issuer.private_key.public_key(), as_dict=True)
            keys = {"keys": [key | {"kid": issuer.kid, "use": "sig"}]}
            services["auth"].on("GET", "/auth/.well-known/jwks.json", reply(200, keys))
            revoked = {"asOf": clock.now().isoformat(), "entries": []}
            services["auth"].on("GET", "/internal/revocations", reply(200, revoked))
            urls = {f"{name}_url": service.url for name, service in services.items()}
            values = {"env": "test", **SERVICE_KEYS, **urls, **settings}
            port = await stack.enter_async_context(listening(create_app(GatewaySettings(**values))))
            edge = Edge(port, services, issuer)
            stack.push_async_callback(edge.session.close)

            async def trusted() -> bool:
                return (await edge.get("/api/v1/customers")).status == 200

            await eventually(trusted, what="the gateway's trust in auth")
            for service in services.values():
                service.requests.clear()
            return edge

        yield start


@pytest.fixture
async def edge(open_edge: OpenEdge) -> Edge:
    opened: Edge = await open_edge()
    return opened
