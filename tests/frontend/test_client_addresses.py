"""Audit, sessions and limits show where a person is connected from, not where the shell is."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from starlette.applications import Starlette

from frontend.shell import app as shell
from frontend.ui import identity as identities
from frontend.ui.build import build
from frontend.ui.gateway import GatewayClient, UserGateway
from frontend.ui.proxies import TrustedProxies
from frontend.ui.settings import FrontendSettings
from services.kit.http import proxies as of_services
from tests.api.stub_service import StubService, reply
from tests.support.keys import FRONTEND_KEYS
from tests.support.strangers import Sent, status_of

PROXIES = "127.0.0.0/8,::1,10.0.0.0/8,2001:db8:1::/48"
CASES = [
    ("198.51.100.9", "203.0.113.7", "198.51.100.9"),
    ("127.0.0.1", "", "127.0.0.1"),
    ("127.0.0.1", "203.0.113.7", "203.0.113.7"),
    ("127.0.0.1", "1.1.1.1, 203.0.113.7", "203.0.113.7"),
    ("127.0.0.1", "203.0.113.7, 10.0.0.5, 10.0.0.6", "203.0.113.7"),
    ("127.0.0.1", "1.1.1.1, 203.0.113.7, 10.0.0.5", "203.0.113.7"),
    ("127.0.0.1", "10.0.0.4, 10.0.0.5", "10.0.0.4"),
    ("127.0.0.1", "203.0.113.7, nonsense", "127.0.0.1"),
    ("127.0.0.1", "203.0.113.7, nonsense, 10.0.0.5", "10.0.0.5"),
    ("127.0.0.1", "203.0.113.7:4711", "203.0.113.7"),
    ("127.0.0.1", "[2001:db8:2::7]:4711", "2001:db8:2::7"),
    ("::ffff:127.0.0.1", "::ffff:203.0.113.7", "203.0.113.7"),
    ("2001:db8:1::1", "2001:db8:2::7", "2001:db8:2::7"),
    ("127.0.0.1", "203.0.113.7," + "10.0.0.5," * 5_000 + "10.0.0.6", "10.0.0.5"),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), CASES)
def test_from_the_right_the_first_that_is_no_proxy_of_ours_is_the_client(
    peer: str, forwarded: str, client: str
) -> None:
    assert TrustedProxies(PROXIES).client(peer, forwarded) == client
    assert of_services.TrustedProxies(PROXIES).client(peer, forwarded) == client, "one rule on both sides"


@pytest.fixture
async def gateway() -> AsyncIterator[StubService]:
    service = StubService("gateway")
    await service.start()
    service.on("POST", "/api/v1/auth/login", reply(401, {"code": "invalid_credentials", "title": "no"}))
    yield service
    await service.kill()


@pytest.fixture
async def app(gateway: StubService, tmp_path: Path) -> AsyncIterator[Starlette]:
    build()
    settings = FrontendSettings(
        env="test", gateway_url=gateway.url, **FRONTEND_KEYS, home=tmp_path, trusted_proxies=PROXIES
    )
    built = shell.create_app(settings)
    async with built.router.lifespan_context(built):
        yield built


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("127.0.0.1", ["203.0.113.7"], "203.0.113.7"),
        ("127.0.0.1", ["6.6.6.6", "203.0.113.7"], "203.0.113.7"),
        ("198.51.100.9", ["203.0.113.7"], "198.51.100.9"),
    ],
)
async def test_a_sign_in_counts_for_the_persons_own_address(
    app: Starlette, gateway: StubService, peer: str, forwarded: list[str], client: str
) -> None:
    form = urlencode({"csrf": "t", "email": "a@ringi.example", "password": "x"}).encode()
    headers = [
        ("cookie", "__Host-ringi-login=t"),
        ("content-type", "application/x-www-form-urlencoded"),
        ("content-length", str(len(form))),
        ("user-agent", "Browser/1"),
        *(("x-forwarded-for", line) for line in forwarded),
    ]
    assert await status_of(app, Sent("", "POST", "/login", headers=headers, body=form, peer=peer)) == 401
    asked = [request for request in gateway.requests if request.path == "/api/v1/auth/login"]
    assert asked[-1].headers["x-forwarded-for"] == client
    assert asked[-1].headers["user-agent"] == "Browser/1"


def test_what_a_remote_asks_for_counts_for_the_persons_own_address() -> None:
    keys = identities.signing_keys(FRONTEND_KEYS["identity_keys"])
    who = identities.Identity("1", "加藤", "k@x", frozenset(), "ja", "light", "token", "csrf", address="203.0.113.7")
    told = identities.verify(identities.sign(who, audience="customer", keys=keys), audience="customer", keys=keys)
    client = GatewayClient(FrontendSettings(env="test", gateway_url="http://gateway", **FRONTEND_KEYS))
    calls = UserGateway(client, told.access_token, told.locale, "r", address=told.address)
    assert calls.headers()["X-Forwarded-For"] == "203.0.113.7"
