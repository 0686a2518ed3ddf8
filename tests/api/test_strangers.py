"""What somebody without a token costs the gateway: CPU time per request is bounded, whatever they send."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from api.app import create_app
from api.paths import SERVICES, SIGN_IN_BODY_MAX
from api.settings import GatewaySettings
from tests.support.http import NOWHERE
from tests.support.keys import SERVICE_KEYS
from tests.support.strangers import long_bodies, long_heads, too_dear


async def _service(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"keys": []})(scope, receive, send)


@asynccontextmanager
async def gateway(**settings: object) -> AsyncIterator[ASGIApp]:
    values = {"env": "test", **SERVICE_KEYS, **{f"{name}_url": NOWHERE for name in SERVICES}, **settings}
    yield create_app(GatewaySettings(**values), dict.fromkeys(SERVICES, _service))  # type: ignore[arg-type]


@pytest.mark.parametrize("path", ["/api/v1/customers", "/api/v1/auth/.well-known/jwks.json"])
async def test_no_head_of_a_request_costs_more_than_a_moment(path: str) -> None:
    async with gateway(rate_limit_address=10_000_000) as app:
        assert await too_dear(app, long_heads(path)) == []


async def test_no_body_of_a_stranger_costs_more_than_a_moment() -> None:
    async with gateway(rate_limit_login=10_000_000) as app:
        assert await too_dear(app, long_bodies("/api/v1/auth/login", limit=SIGN_IN_BODY_MAX)) == []
