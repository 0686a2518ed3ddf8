"""HTTP tests against a service's real ASGI app, in this process, on a real database.

async def test_x(service_client, issuer):
    client = await service_client("customer")
    answer = await client.get("/customers", token=issuer.token(user_id, ["rep"]))
    assert answer.status == 200, answer.json
"""

import asyncio
import importlib
import itertools
import time
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote, urlencode
from uuid import UUID

import jwt
import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from fastapi import FastAPI
from starlette.applications import Starlette

from services.contracts.permissions import permissions_of
from services.kit.http import Kit
from services.kit.running import clock
from services.kit.running.settings import ServiceSettings
from services.kit.trust.revocation import RevocationBatch, RevocationFeed
from services.kit.trust.tokens import ACCESS_TOKEN_TYPE, ALGORITHM, TokenVerifier
from tests.support.keys import SERVICE_KEYS
from tests.support.postgres import as_service

SERVICES = ("auth", "customer", "sales_activity", "opportunity", "analytics")
NOWHERE = "http://127.0.0.1:9"
"""The discard port: refuses at once, as an absent service would."""


def settings_for(service: str, database_url: str, **more: Any) -> ServiceSettings:
    """Settings of one service under test; the others are absent unless given."""
    values: dict[str, Any] = {f"{name}_url": NOWHERE for name in SERVICES}
    values |= {"env": "test", **SERVICE_KEYS, f"{service}_database_url": database_url}
    return ServiceSettings(**(values | more))


@dataclass(frozen=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)

    @property
    def version(self) -> int:
        """From the ETag."""
        return int(self.headers["etag"].strip('"'))


@dataclass
class ServiceClient:
    """Calls the app as a server would; ``kit`` is the app's own."""

    app: Starlette
    address: str = "127.0.0.1"

    @property
    def kit(self) -> Kit:
        kit: Kit = self.app.state.kit
        return kit

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        content: bytes | None = None,
        token: str | None = None,
        key: str | None = None,
        if_match: int | None = None,
        params: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """``key``: Idempotency-Key; ``if_match``: a version."""
        path, _, query = path.partition("?")
        if params:
            query = urlencode(params, doseq=True)
        sent = {"host": "service"} | dict(headers or {})
        body = content if content is not None else (b"" if json is None else orjson.dumps(json))
        if body:
            sent = {"content-type": "application/json", "content-length": str(len(body))} | sent
        if token is not None:
            sent["authorization"] = f"Bearer {token}"
        if key is not None:
            sent["idempotency-key"] = key
        if if_match is not None:
            sent["if-match"] = f'"{if_match}"'
        return await self._call(method, path, query, sent, body)

    async def _call(self, method: str, path: str, query: str, headers: Mapping[str, str], body: bytes) -> Answer:
        started: dict[str, Any] = {}
        chunks: list[bytes] = []

        told = False

        async def receive() -> dict[str, Any]:
            nonlocal told
            if told:
                # As a server would: nothing follows before the client goes, which this one never does.
                await asyncio.Event().wait()
            told = True
            return {"type": "http.request", "body": body, "more_body": False}

        async def send(message: Any) -> None:
            if message["type"] == "http.response.start":
                started.update(message)
            else:
                chunks.append(message.get("body", b""))

        scope = {
            "type": "http",
            "asgi": {"version": "3.0", "spec_version": "2.4"},  # as servers that raise when the client is gone
            "http_version": "1.1",
            "method": method,
            "scheme": "http",
            "path": path,
            "raw_path": quote(path).encode(),
            "root_path": "",
            "query_string": query.encode(),
            "headers": [(name.lower().encode(), value.encode("latin-1")) for name, value in headers.items()],
            "client": (self.address, 50000),
            "server": ("service", 80),
        }
        await self.app(scope, receive, send)
        answered = {name.decode(): value.decode("latin-1") for name, value in started["headers"]}
        return Answer(started["status"], answered, b"".join(chunks))

    async def get(self, path: str, **options: Any) -> Answer:
        return await self.request("GET", path, **options)

    async def post(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.request("POST", path, json=json, **options)

    async def put(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.request("PUT", path, json=json, **options)

    async def patch(self, path: str, json: Any = None, **options: Any) -> Answer:
        return await self.request("PATCH", path, json=json, **options)

    async def delete(self, path: str, **options: Any) -> Answer:
        return await self.request("DELETE", path, **options)


@dataclass
class TestIssuer:
    """Signs access tokens as auth would; services under test trust its key."""

    __test__ = False
    private_key: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)
    kid: str = "test-key"

    def token(self, user_id: UUID, roles: Iterable[str], *, session_id: UUID | None = None, **claims: Any) -> str:
        """Valid for 15 minutes; ``claims`` replace single ones, None leaves one out."""
        now = clock.now().timestamp()
        content: dict[str, Any] = {
            "iss": "ringi-auth",
            "aud": "ringi-api",
            "sub": str(user_id),
            "sid": str(session_id or uuid.uuid4()),
            "jti": str(uuid.uuid4()),
            "roles": [str(role) for role in roles],
            "iat": now,
            "nbf": int(now),
            "exp": int(now) + 900,
        } | claims
        content = {name: value for name, value in content.items() if value is not None}
        headers = {"typ": ACCESS_TOKEN_TYPE, "kid": self.kid}
        return jwt.encode(content, self.private_key, ALGORITHM, headers=headers)

    async def key(self, kid: str) -> Ed25519PublicKey | None:
        return self.private_key.public_key() if kid == self.kid else None


async def nothing_revoked(_since: datetime | None) -> RevocationBatch:
    return RevocationBatch(as_of=clock.now(), entries=[])


async def trust_issuer(kit: Kit, issuer: TestIssuer) -> None:
    """Makes an app that is not running yet believe the test's own tokens."""
    kit.revocations = RevocationFeed(nothing_revoked)
    await kit.revocations.poll()
    kit.verifier = TokenVerifier(
        issuer,
        kit.revocations,
        permissions_of,
        issuer=kit.settings.token_issuer,
        audience=kit.settings.token_audience,
    )


@asynccontextmanager
async def running(app: FastAPI, issuer: TestIssuer | None = None) -> AsyncIterator[ServiceClient]:
    """The app between its start and its stop; with an issuer its tokens are trusted instead of auth's."""
    if issuer is not None:
        await trust_issuer(app.state.kit, issuer)
    async with app.router.lifespan_context(app):
        yield ServiceClient(app)


@pytest.fixture(scope="session")
def issuer() -> TestIssuer:
    return TestIssuer()


StartService = Callable[..., Awaitable[ServiceClient]]


@pytest.fixture
async def service_client(fresh_database: Callable[[str], str], issuer: TestIssuer) -> AsyncIterator[StartService]:
    """``await service_client("customer")``: the service on a new database; keyword arguments are settings."""
    async with AsyncExitStack() as stack:

        async def start(service: str, **settings: Any) -> ServiceClient:
            module = importlib.import_module(f"services.{service}.app")
            app = module.create_app(settings_for(service, as_service(service, fresh_database(service)), **settings))
            # Auth is the issuer itself; its own tokens count there.
            return await stack.enter_async_context(running(app, None if service == "auth" else issuer))

        yield start


_numbers = itertools.count(int(time.time() * 1000))


def new_key() -> str:
    """A fresh Idempotency-Key."""
    return f"key-{next(_numbers)}"
