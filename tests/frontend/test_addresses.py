"""No spelling of an address leads past the shell to what stands beside the remote that owns it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pydantic import ValidationError
from starlette.applications import Starlette

from api.paths import check_raw
from frontend.shell import app as shell
from frontend.shell.registry import ManifestRefused, Registry
from frontend.shell.sessions import Session
from frontend.ui.build import build
from frontend.ui.gateway import GatewayClient, segment
from frontend.ui.manifest import Exposed, Label, PageRoute, RemoteManifest
from frontend.ui.paths import is_plain
from frontend.ui.settings import FrontendSettings
from services.kit.errors import BadRequest
from tests.api.stub_service import StubService, reply
from tests.support.keys import FRONTEND_KEYS
from tests.support.spellings import plain_ways, ways_out
from tests.support.strangers import Sent, status_of


@dataclass
class SignedInShell:
    app: Starlette
    origin: StubService
    cookie: str

    async def get(self, path: str) -> int:
        return await status_of(self.app, Sent("", path=path, headers=[("cookie", self.cookie)]))


@pytest.fixture
async def signed_in(tmp_path: Path) -> AsyncIterator[SignedInShell]:
    """The shell of the embedded run: gateway, services and remotes are all below one origin."""
    build()
    origin = StubService("web")
    await origin.start()
    for remote in ("customer", "sales", "opportunity", "analytics"):
        origin.on("GET", f"/_remote/{remote}/.well-known/ringi-remote.json", reply(503))
    origin.on("GET", "/metrics", reply(200, "secrets of operation"))
    settings = FrontendSettings(env="test", gateway_url=origin.url, **FRONTEND_KEYS, home=tmp_path)
    app = shell.create_app(settings)
    try:
        async with app.router.lifespan_context(app):
            session = Session("1", "加藤", "kato@ringi.example", ("admin",), "access", "refresh", time.time() + 3600)
            cookie = f"__Host-ringi={await app.state.sessions.create(session)}"
            yield SignedInShell(app, origin, cookie)
    finally:
        await origin.kill()


@pytest.mark.parametrize("root", ["/customers", "/approvals/0190a7f4-0000-7000-8000-000000000001", "/processes"])
async def test_no_spelling_of_an_address_reaches_what_is_not_the_remotes(signed_in: SignedInShell, root: str) -> None:
    spellings = list(ways_out(root))
    assert len(spellings) >= 120
    let_in = [path for path in spellings if await signed_in.get(path) != 400]
    assert let_in == []
    asked = {request.path for request in signed_in.origin.requests}
    assert all(path.endswith("/.well-known/ringi-remote.json") for path in asked), asked


async def test_addresses_that_people_use_reach_the_remote_as_they_are(signed_in: SignedInShell) -> None:
    for path in plain_ways("/customers"):
        signed_in.origin.requests.clear()
        await signed_in.get(path)
        asked = [request.path for request in signed_in.origin.requests]
        assert f"/_remote/customer{path}" in asked, asked


def test_shell_and_gateway_refuse_the_same_spellings() -> None:
    def gateway_takes(path: str) -> bool:
        try:
            check_raw(path.encode())
        except BadRequest:
            return False
        return True

    for path in [*ways_out("/customers"), *plain_ways("/customers"), "/", "//", "/a//b", "/a;b/c", "/;/a", "/%zz", "a"]:
        assert is_plain(path.encode()) is gateway_takes(path), path


def test_an_id_of_dots_stays_one_segment(tmp_path: Path) -> None:
    client = GatewayClient(FrontendSettings(env="test", gateway_url="http://gateway", **FRONTEND_KEYS))
    for value in (".", "..", "...", "../x", "a/b", "%2e%2e", "?q", "#f", "\\", ";"):
        url = client.url(f"/sagas/{segment(value)}/retry", {"q": "山"})
        assert str(url) == f"http://gateway/api/v1/sagas/{segment(value)}/retry?q=%E5%B1%B1"
        assert segment(value).count("/") == 0


@pytest.mark.parametrize(
    "path",
    ["/customers/../metrics", "/customers/%2e%2e/metrics", "customers", "//evil.example", "/customers/-/a?b", ""],
)
def test_a_manifest_names_plain_paths_only(path: str) -> None:
    with pytest.raises(ValidationError):
        Exposed(path=path)


def test_a_manifest_exposes_nothing_outside_of_its_own_prefixes() -> None:
    settings = FrontendSettings(env="test", gateway_url="http://gateway", **FRONTEND_KEYS)
    registry = Registry(settings)
    manifest = RemoteManifest(
        name="customer",
        routes=(PageRoute(prefix="/customers", title=Label(ja="顧客", en="Customers")),),
        exposes={"other": Exposed(path="/approvals/-/weekly")},
    )
    with pytest.raises(ManifestRefused):
        registry.accept(registry.remotes["customer"], manifest)
