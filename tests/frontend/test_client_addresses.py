"""Audit, sessions and limits show where a person is connected from, not where the shell is."""

from __future__ import annotations

import ipaddress
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st
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
    ("::ffff:198.51.100.9", "203.0.113.7", "198.51.100.9"),
    ("::ffff:198.51.100.9", "", "198.51.100.9"),
    ("127.0.0.1", "fe80::7%<b>", "fe80::7"),
    ("127.0.0.1", "203.0.113.7," + "10.0.0.5," * 5_000 + "10.0.0.6", "10.0.0.5"),
]


@pytest.mark.parametrize(("peer", "forwarded", "client"), CASES)
def test_from_the_right_the_first_that_is_no_proxy_of_ours_is_the_client(
    peer: str, forwarded: str, client: str
) -> None:
    assert TrustedProxies(PROXIES).client(peer, forwarded) == client
    assert of_services.TrustedProxies(PROXIES).client(peer, forwarded) == client, "one rule on both sides"


PARTS = st.one_of(
    st.ip_addresses().map(str),
    st.ip_addresses(v=4, network="10.0.0.0/8").map(str),
    st.ip_addresses(v=4).map(lambda address: f"{address}:{int(address) % 65_536}"),
    st.ip_addresses(v=6).map(lambda address: f"[{address}]:443"),
    st.ip_addresses(v=4).map(lambda address: f"::ffff:{address}"),
    st.ip_addresses(v=6, network="fe80::/10").map(lambda address: f"{address}%eth0<script>"),
    st.text(max_size=80),
)
HEADER = st.lists(PARTS, max_size=20).map(",".join)
PEERS = st.sampled_from(["127.0.0.1", "10.9.9.9", "::1", "::ffff:10.1.2.3", "198.51.100.9", "2001:db8:9::9"])


def told(peer: str, forwarded: str) -> str:
    """What both sides say, which is the same."""
    frontend = TrustedProxies(PROXIES).client(peer, forwarded)
    assert of_services.TrustedProxies(PROXIES).client(peer, forwarded) == frontend
    return frontend


@given(PEERS, HEADER)
def test_whatever_is_sent_the_client_is_an_address_and_nothing_else(peer: str, forwarded: str) -> None:
    client = told(peer, forwarded)
    assert str(ipaddress.ip_address(client)) == client
    assert "%" not in client
    assert not client.startswith("::ffff:")


@given(st.sampled_from(["198.51.100.9", "2001:db8:9::9"]), HEADER)
def test_nobody_but_our_proxies_is_believed(peer: str, forwarded: str) -> None:
    assert told(peer, forwarded) == peer


@given(HEADER, st.ip_addresses(v=4, network="203.0.113.0/24").map(str), st.integers(0, 8))
def test_nothing_that_a_client_sends_itself_moves_it_to_another_address(spoofed: str, own: str, proxies: int) -> None:
    """Each proxy of ours adds on the right whom it was asked by."""
    added = [own, *(f"10.0.0.{number}" for number in range(1, proxies + 1))]
    assert told("127.0.0.1", ",".join([spoofed, *added])) == own


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
