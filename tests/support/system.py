"""All of Ringi but its pages in the test's own process: gateway, five services, workers, on real servers.

`/api` is the gateway with the services mounted, `/_svc/{service}` is how the services reach each other.
"""

import asyncio
import contextlib
import importlib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import aiohttp
import orjson
import uvicorn

from api.app import create_app
from api.paths import SERVICES
from api.settings import GatewaySettings
from deploy.embedded.web.composition import Composition, Mount
from services.auth.commands import create_user
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.running.http_client import pooled_client
from services.kit.running.settings import ServiceSettings
from tests.support.broker import Broker
from tests.support.http import Answer, new_key
from tests.support.keys import SERVICE_KEYS
from tests.support.ports import free_port
from tests.support.postgres import PostgresServer, as_service
from tests.support.temporal import TemporalServer
from tests.support.waiting import eventually
from workers import all as all_workers
from workers.runtime import host

PASSWORD = "correct horse battery staple"


class QuietServer(uvicorn.Server):
    """In the test's own loop: the test run keeps its signal handlers."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass
class Caller:
    """Somebody who signed in; calls go through the gateway."""

    id: UUID
    url: str
    token: str
    session: aiohttp.ClientSession

    async def ask(self, method: str, path: str, json: Any = None, **headers: str) -> Answer:
        """Paths below /api/v1; underscores in header names stand for hyphens. Writes get a key of their own."""
        sent = {"Authorization": f"Bearer {self.token}"} | {n.replace("_", "-"): v for n, v in headers.items()}
        if method in ("POST", "PATCH"):
            sent.setdefault("Idempotency-Key", new_key())
        data = None if json is None else orjson.dumps(json)
        if data is not None:
            sent["Content-Type"] = "application/json"
        async with self.session.request(method, f"{self.url}/api/v1{path}", data=data, headers=sent) as response:
            answered = {name.lower(): value for name, value in response.headers.items()}
            return Answer(response.status, answered, await response.read())

    async def get(self, path: str) -> Answer:
        return await self.ask("GET", path)


@dataclass
class System:
    url: str
    databases: dict[str, str]
    settings: ServiceSettings
    environment: dict[str, str]
    """What a process of its own needs to join this system."""
    session: aiohttp.ClientSession
    postgres: PostgresServer
    temporal: TemporalServer
    broker: Broker
    people: dict[str, Caller] = field(default_factory=dict)

    async def person(self, name: str, *roles: Role, manager: Caller | None = None) -> Caller:
        """A user, signed in over HTTP."""
        email = f"{name}@ringi.example"
        async with Database(self.databases["auth"], name="auth") as db:
            user_id = await create_user(
                db,
                email=email,
                name=name,
                password=PASSWORD,
                roles=list(roles),
                manager_id=manager.id if manager is not None else None,
            )
        body = orjson.dumps({"email": email, "password": PASSWORD})
        headers = {"Content-Type": "application/json"}
        async with self.session.post(f"{self.url}/api/v1/auth/login", data=body, headers=headers) as response:
            answer = await response.json()
            assert response.status == 200, answer
        self.people[name] = Caller(user_id, self.url, answer["accessToken"], self.session)
        return self.people[name]

    async def rows(self, service: str, statement: str, params: Any = ()) -> list[dict[str, Any]]:
        async with Database(self.databases[service], name="test") as db, db.reader() as reader:
            return await reader.all(statement, params)


@asynccontextmanager
async def running_system(
    postgres: PostgresServer, temporal: TemporalServer, broker: Broker, *, with_workers: bool = True, **settings: Any
) -> AsyncIterator[System]:
    """From fresh databases; ready when everything behind the gateway is. `settings` are the gateway's own.

    Without workers a test starts its own, as processes that it can kill.
    """
    databases = {name: postgres.fresh_database(name) for name in SERVICES}
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    values: dict[str, Any] = {
        "env": "test",
        **SERVICE_KEYS,
        "public_url": url,
        "gateway_url": url,
        "temporal_address": temporal.address,
        "kafka_bootstrap": broker.bootstrap,
        **{f"{name}_database_url": as_service(name, database) for name, database in databases.items()},
        **{f"{name}_url": f"{url}/_svc/{name}" for name in SERVICES},
    }
    stop = asyncio.Event()
    async with _serving(values, settings, port), pooled_client() as session:
        service_settings = ServiceSettings(**values)
        composers = all_workers.COMPOSERS if with_workers else ()
        workers = asyncio.create_task(host(service_settings, composers, stop))
        environment = {f"RINGI_{name.upper()}": str(value) for name, value in values.items()}
        try:
            yield System(url, databases, service_settings, environment, session, postgres, temporal, broker)
        finally:
            stop.set()
            await workers
            for database in databases.values():
                postgres.drop(database)


@asynccontextmanager
async def second_web(system: System, **settings: Any) -> AsyncIterator[str]:
    """Another gateway with another of each service on the same databases; the URL of it. `settings` as above."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    values = system.settings.model_dump(exclude_none=True) | {f"{name}_url": f"{url}/_svc/{name}" for name in SERVICES}
    async with _serving(values | {"gateway_url": url}, settings, port):
        yield url


def composed(settings: ServiceSettings, of_gateway: GatewaySettings) -> Composition:
    """Gateway and services behind one port."""
    apps = {name: importlib.import_module(f"services.{name}.app").create_app(settings) for name in SERVICES}
    mounts = [Mount(f"service {name}", f"/_svc/{name}", app, strips=True) for name, app in apps.items()]
    return Composition(mounts, otherwise=Mount("gateway", "", create_app(of_gateway, apps)))


@asynccontextmanager
async def _serving(values: dict[str, Any], of_gateway: dict[str, Any], port: int) -> AsyncIterator[None]:
    config = uvicorn.Config(
        composed(ServiceSettings(**values), GatewaySettings(**values | of_gateway)),
        "127.0.0.1",
        port,
        log_config=None,
        lifespan="on",
        timeout_graceful_shutdown=2,
    )
    server = QuietServer(config)
    task = asyncio.create_task(server.serve())
    try:
        await eventually(lambda: server.started or task.done(), what="the web process")
        await eventually(lambda: is_ready(port), what="all services")
        yield
    finally:
        server.should_exit = True
        await task


async def is_ready(port: int) -> bool:
    """Whether everything behind a gateway on this machine answers; False while nobody listens."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"http://127.0.0.1:{port}/api/readyz") as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False
