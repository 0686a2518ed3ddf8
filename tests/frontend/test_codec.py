"""Temporal's UI has payloads decoded in the name of who is signed in to Ringi; no other page has."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from starlette.applications import Starlette

from frontend.shell.app import create_app
from frontend.shell.codec import origin_of
from frontend.shell.sessions import Session
from frontend.shell.viewer import cookie_name
from frontend.ui.build import build
from tests.support.http import Answer, ServiceClient
from tests.support.scripted_gateway import SETTINGS, ScriptedGateway

UI = "https://temporal.firm.example"
PAYLOADS = {"payloads": [{"metadata": {"encoding": "YmluYXJ5L2VuY3J5cHRlZA=="}, "data": "c2VhbGVk"}]}
OPENED = {"payloads": [{"metadata": {"encoding": "anNvbi9wbGFpbg=="}, "data": "IndvcmQi"}]}
SESSION = Session("u1", "運用 太郎", "ops@ringi.example", ("ops",), "access-1", "refresh-1", time.time() + 900)


@dataclass(frozen=True)
class Shell:
    app: Starlette
    gateway: ScriptedGateway
    cookie: str

    async def ask(self, method: str = "POST", *, origin: str | None = UI, **headers: str) -> Answer:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        if origin is not None:
            given["origin"] = origin
        body = PAYLOADS if method == "POST" else None
        return await ServiceClient(self.app).request(method, "/temporal/decode", json=body, headers=given)


@pytest.fixture
async def shell(tmp_path: Path) -> AsyncIterator[Shell]:
    build()
    settings = SETTINGS.model_copy(update={"temporal_ui_url": f"{UI}/", "home": tmp_path})
    app, gateway = create_app(settings), ScriptedGateway()
    app.state.gateway = gateway
    gateway.on("POST", "/auth/temporal/decode", OPENED)
    await app.state.sessions.store.open()
    cookie = f"{cookie_name(settings)}={await app.state.sessions.create(SESSION)}"
    yield Shell(app, gateway, cookie)
    await app.state.sessions.store.close()


async def test_the_uis_pages_have_payloads_decoded_in_the_name_of_who_is_signed_in(shell: Shell) -> None:
    wanted = "content-type,x-namespace"
    preflight = await shell.ask("OPTIONS", access_control_request_method="POST", access_control_request_headers=wanted)
    assert preflight.status == 204
    assert {"content-type", "x-namespace"} <= set(preflight.headers["access-control-allow-headers"].split(", "))
    answer = await shell.ask(cookie=shell.cookie, x_namespace="crm", authorization="Bearer of-another-sign-in")
    assert (answer.status, answer.json) == (200, OPENED)
    for given in (preflight, answer):
        assert given.headers["access-control-allow-origin"] == UI
        assert given.headers["access-control-allow-credentials"] == "true"
        assert given.headers["vary"] == "Origin"
    (sent,) = shell.gateway.sent("POST", "/auth/temporal/decode")
    assert sent.body == PAYLOADS
    assert (sent.headers["Authorization"], sent.headers["X-Namespace"]) == ("Bearer access-1", "crm")


@pytest.mark.parametrize("origin", [None, "null", "https://evil.example", f"{UI}.evil.example", "http://testserver"])
async def test_no_other_page_is_answered(shell: Shell, origin: str | None) -> None:
    for method in ("OPTIONS", "POST"):
        answer = await shell.ask(method, origin=origin, cookie=shell.cookie)
        assert answer.status == 403
        assert "access-control-allow-origin" not in answer.headers
    assert shell.gateway.calls == []


async def test_without_a_session_nothing_is_decoded(shell: Shell) -> None:
    for cookie in ("", shell.cookie[:-3]):
        assert (await shell.ask(cookie=cookie)).status == 401
    assert shell.gateway.calls == []


@pytest.mark.parametrize("body", [b"{", b"[" * 100_000])
async def test_what_is_no_json_is_refused(shell: Shell, body: bytes) -> None:
    headers = {"origin": UI, "cookie": shell.cookie}
    answer = await ServiceClient(shell.app).request("POST", "/temporal/decode", content=body, headers=headers)
    assert answer.status == 400
    assert shell.gateway.calls == []


async def test_a_refusal_of_the_api_reaches_the_ui_as_one(shell: Shell) -> None:
    shell.gateway.on("POST", "/auth/temporal/decode", {"code": "forbidden", "title": "No"}, status=403)
    answer = await shell.ask(cookie=shell.cookie)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (403, UI)


async def test_without_a_ui_there_is_no_codec_server() -> None:
    app = create_app(SETTINGS)
    answer = await ServiceClient(app).request("POST", "/temporal/decode", json=PAYLOADS, headers={"origin": "None"})
    assert answer.status == 403


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        (None, None),
        ("http://localhost:8233", "http://localhost:8233"),
        ("https://Temporal.firm.example:443/ui/", "https://temporal.firm.example"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_written_as_browsers_write_it(url: str | None, origin: str | None) -> None:
    assert origin_of(url) == origin
