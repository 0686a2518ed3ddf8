"""Composition over real HTTP: streaming, skeletons, slots, statuses, what a remote may not be asked."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiohttp
import pytest

from frontend.shell import compose
from frontend.shell.registry import Registry
from frontend.shell.tokens import Tokens
from frontend.ui.build import build
from frontend.ui.gateway import GatewayProblem
from frontend.ui.settings import FrontendSettings
from tests.support.fake_gateway import PASSWORD
from tests.support.frontend import RunningFrontend, running_frontend
from tests.support.keys import KEY_VARIABLES
from tests.support.ports import free_port
from tests.support.processes import ServerProcess
from tests.support.waiting import eventually, port_answers

FORM_TOKEN = 'name="csrf" value="'


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFrontend]:
    build()
    with running_frontend(tmp_path_factory.mktemp("composition")) as running:
        yield running


@pytest.fixture
async def approver(frontend: RunningFrontend) -> AsyncIterator[aiohttp.ClientSession]:
    """An HTTP client that is signed in; it sends the cookie by hand, as its jar keeps Secure ones for https only."""
    frontend.gateway.reset()
    async with aiohttp.ClientSession(frontend.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        page = await session.get("/login")
        cookie = page.headers["Set-Cookie"].split(";")[0]
        form = {
            "csrf": token_in(await page.text()),
            "email": "approver@ringi.example",
            "password": PASSWORD,
            "next": "/",
        }
        answer = await session.post("/login", data=form, headers={"Cookie": cookie}, allow_redirects=False)
        assert answer.status == 303
        signed_in = next(value for value in answer.headers.getall("Set-Cookie") if value.startswith("__Host-ringi="))
        session.headers["Cookie"] = signed_in.split(";")[0]
        yield session


def token_in(html: str) -> str:
    return html.split(FORM_TOKEN, 1)[1].split('"', 1)[0]


async def test_a_fast_page_keeps_its_own_status_and_title(
    approver: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "HEAD_START_SECONDS", 30.0)  # on a loaded machine nothing is fast
    answer = await approver.get("/approvals/00000000-0000-0000-0000-000000000000")
    html = await answer.text()
    assert answer.status == 404
    assert "<title>見つかりません — Ringi CRM</title>" in html
    assert answer.headers["Vary"].startswith("HX-Request")


async def test_a_slow_page_sends_its_navigation_first_and_follows_in_the_same_answer(
    approver: aiohttp.ClientSession, frontend: RunningFrontend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "_time_left", lambda _route: 30.0)
    frontend.gateway.delay = 0.5
    answer = await approver.get("/approvals")
    first = await answer.content.readany()
    assert b"sidenav" in first
    assert b"opportunity-rows" not in first
    rest = await answer.content.read()
    assert b"opportunity-rows" in rest


async def test_a_page_over_its_budget_becomes_a_skeleton_that_loads_itself(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    frontend.gateway.delay = 2.5
    html = await (await approver.get("/approvals?tab=all")).text()
    assert 'hx-get="/approvals?tab=all" hx-trigger="load"' in html
    frontend.gateway.delay = 0
    fragment = await (await approver.get("/approvals?tab=all", headers={"HX-Request": "true"})).text()
    assert "opportunity-rows" in fragment
    assert "<html" not in fragment


async def test_a_slot_that_fails_leaves_the_page_whole(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    frontend.gateway.fail("/reports/", 503)
    html = await (await approver.get("/reports")).text()
    assert "sidenav" in html
    assert "集計を現在表示できません" in html
    assert "ringi-slot" not in html


async def test_a_lazy_slot_keeps_nobody_waiting_and_is_asked_for_once_it_is_seen(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    request = next(item for item in frontend.gateway.approvals.values() if item["customerId"])
    html = await (await approver.get(f"/approvals/{request['id']}/panel", headers={"HX-Request": "true"})).text()
    address = f"/meetings/-/card?customerId={request['customerId']}"
    assert f'hx-get="{address}" hx-trigger="intersect once" hx-swap="outerHTML"' in html
    assert frontend.gateway.sent("GET", "/meetings") == []
    part = await (await approver.get(address, headers={"HX-Request": "true"})).text()
    assert "運用状況のご説明" in part
    assert "<h1" not in part


async def test_a_slot_without_its_remote_is_a_card_inside_the_page_that_loads_the_page_again(
    approver: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Registry, "exposed", lambda _registry, _name: None)
    html = await (await approver.get("/reports?x=1")).text()
    assert "data-remote-down" in html
    assert html.count("<h1") == 1, "the page's own title, and none of the card's"
    assert 'href="/reports?x=1">' in html.split("data-remote-down", 1)[1]


@pytest.mark.parametrize(
    "address",
    ["/approvals/processed", "/approvals/a/b/c", "/processes/x", "/notifications/x", "/nothing", "/reports/x"],
)
async def test_every_wrong_address_leads_to_the_same_calm_page(
    approver: aiohttp.ClientSession, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compose, "HEAD_START_SECONDS", 30.0)  # a page whose head was sent has no say in its status
    answer = await approver.get(address)
    html = await answer.text()
    assert answer.status == 404
    assert "<title>見つかりません — Ringi CRM</title>" in html
    assert "このアドレスには何もありません" in html
    assert 'href="/">最初のページへ' in html.replace("\n", "")


async def test_a_file_of_another_version_is_missing_and_no_page(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    page = await (await approver.get("/approvals")).text()
    current = page.split('<script src="/approvals/-/assets/', 1)[1].split('"', 1)[0]
    known, stale = f"/approvals/-/assets/{current}", "/approvals/-/assets/opportunity-0123456789.js"
    assert (await approver.get(known)).status == 200
    await _assert_plain(approver, stale, 404)
    frontend.remotes["opportunity"].stop()
    try:
        await _assert_plain(approver, stale, 404)
        await _assert_plain(approver, known, 502)
    finally:
        frontend.remotes["opportunity"].start()
        await _answering(approver, known)


async def _assert_plain(session: aiohttp.ClientSession, address: str, status: int) -> None:
    answer = await session.get(address)
    assert (answer.status, answer.headers["Cache-Control"], await answer.read()) == (status, "no-store", b"")
    assert "html" not in answer.headers.get("Content-Type", "")


async def _answering(session: aiohttp.ClientSession, address: str) -> None:
    """The shell calls the remote again as soon as its breaker lets it."""

    async def is_there() -> bool:
        return (await session.get(address)).status == 200

    await eventually(is_there)


async def test_a_write_that_a_dead_remote_may_have_had_is_not_said_to_be_unsent(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    form = {"csrf": token_in(await (await approver.get("/approvals")).text()), "decision": "approve"}
    frontend.remotes["opportunity"].stop()
    try:
        answer = await approver.post("/approvals/decide", data=form, headers={"Referer": f"{frontend.url}/approvals"})
        html = await answer.text()
    finally:
        frontend.remotes["opportunity"].start()
        await _answering(approver, "/approvals")
    assert answer.status == 502
    assert "確認できません" in html
    assert "送信されていません" not in html


async def test_while_nobody_can_be_recognised_the_page_and_its_parts_can_be_tried_again(
    approver: aiohttp.ClientSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def unreachable(*_args: object, **_given: object) -> None:
        raise GatewayProblem(503, {"code": "unreachable"})

    monkeypatch.setattr(Tokens, "fresh", unreachable)
    whole = await approver.get("/processes?status=RUNNING")
    assert whole.status == 503
    assert 'href="/processes?status=RUNNING"' in await whole.text()
    part = await approver.get(
        "/processes/1?part=live", headers={"HX-Request": "true", "HX-Target": "div#shell-process"}
    )
    assert (part.status, part.headers["HX-Reswap"]) == (503, "innerHTML")
    assert "<html" not in await part.text()


async def test_a_token_that_is_refused_leads_to_the_sign_in_page(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    frontend.gateway.fail("/sagas", 401)
    answer = await approver.get("/processes?status=RUNNING", allow_redirects=False)
    assert (answer.status, answer.headers["Location"]) == (303, "/login?next=/processes%3Fstatus%3DRUNNING")


async def test_history_restores_get_the_whole_page(approver: aiohttp.ClientSession) -> None:
    headers = {"HX-Request": "true", "HX-History-Restore-Request": "true"}
    assert "<html" in await (await approver.get("/approvals", headers=headers)).text()


async def test_a_write_without_the_sessions_token_or_from_another_site_is_refused(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    ticket = f"{frontend.gateway.waiting('approver@ringi.example')[0]['id']}/1/1"
    form = {"ids": ticket, "decision": "approve"}
    assert (await approver.post("/approvals/decide", data=form)).status == 403
    form["csrf"] = token_in(await (await approver.get("/approvals")).text())
    foreign = {"Sec-Fetch-Site": "cross-site"}
    assert (await approver.post("/approvals/decide", data=form, headers=foreign)).status == 403
    assert frontend.gateway.sent("PATCH", "/approve") == []
    assert (await approver.post("/approvals/decide", data=form, allow_redirects=False)).status == 303


async def test_sending_a_decision_twice_decides_once(
    approver: aiohttp.ClientSession, frontend: RunningFrontend
) -> None:
    html = await (await approver.get("/approvals")).text()
    ticket = f"{frontend.gateway.waiting('approver@ringi.example')[0]['id']}/1/1"
    form = {"csrf": token_in(html), "ids": ticket, "decision": "approve", "idempotency_key": "one-form"}
    for _ in range(2):
        answer = await approver.post("/approvals/decide", data=form, allow_redirects=False)
        assert answer.status == 303, "the repeat is answered as the first was"


@pytest.mark.parametrize(
    ("sent", "target"),
    [
        ({"Referer": "{url}/tasks/new?form=1&x=2"}, "/login?next=/tasks/new%3Fform%3D1%26x%3D2"),
        ({"Referer": "https://evil.example/tasks/new"}, "/login"),
        ({"Referer": "{url}//evil.example"}, "/login"),
        ({"Referer": "no address"}, "/login"),
        ({}, "/login"),
    ],
)
async def test_a_form_sent_after_the_session_had_ended_leads_back_to_its_page_and_nowhere_else(
    frontend: RunningFrontend, sent: dict[str, str], target: str
) -> None:
    headers = {name: value.replace("{url}", frontend.url) for name, value in sent.items()}
    async with aiohttp.ClientSession() as session:
        answer = await session.post(
            f"{frontend.url}/tasks/new", data={"title": "x"}, headers=headers, allow_redirects=False
        )
        assert (answer.status, answer.headers["Location"]) == (303, target)
        current = {"HX-Current-URL": headers["Referer"]} if headers else {}
        part = await session.post(f"{frontend.url}/tasks/new", headers={"HX-Request": "true"} | current)
        assert (part.status, part.headers["HX-Redirect"]) == (401, target)


@pytest.mark.parametrize(("language", "words"), [("ja", "保存されていません"), ("en", "Nothing was saved")])
async def test_a_form_of_an_earlier_sign_in_is_refused_in_the_persons_language(
    approver: aiohttp.ClientSession, frontend: RunningFrontend, language: str, words: str
) -> None:
    headers = {"Accept-Language": language, "Referer": f"{frontend.url}/tasks/new?form=1"}
    answer = await approver.post("/tasks/new", data={"csrf": "of-yesterday", "title": "x"}, headers=headers)
    html = await answer.text()
    assert answer.status == 403
    assert words in html
    assert 'href="/tasks/new?form=1"' in html


async def test_nobody_gets_past_the_shell_without_signing_in(frontend: RunningFrontend) -> None:
    async with aiohttp.ClientSession() as session:
        page = await session.get(f"{frontend.url}/approvals", allow_redirects=False)
        assert (page.status, page.headers["Location"]) == (303, "/login?next=/approvals")
        part = await session.get(f"{frontend.url}/approvals", headers={"HX-Request": "true"})
        assert (part.status, part.headers["HX-Redirect"]) == (401, "/login")
        direct = await session.get(f"{frontend.remotes['opportunity'].url}/approvals")
        assert direct.status == 401
        manifest = await session.get(f"{frontend.remotes['opportunity'].url}/.well-known/ringi-remote.json")
        assert (await manifest.json())["name"] == "opportunity"


async def test_assets_are_compressed_and_kept_for_ever_and_nothing_else_is_served(frontend: RunningFrontend) -> None:
    async with aiohttp.ClientSession(frontend.url) as session:
        html = await (await session.get("/login")).text()
        sheet = html.split('rel="stylesheet" href="', 1)[1].split('"', 1)[0]
        answer = await session.get(sheet)
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Encoding"] == "gzip"
        for path in ("/assets/..%2fmanifest.json", "/assets/app.css", "/assets/%2e%2e/entry.css"):
            assert (await session.get(path, allow_redirects=False)).status in {303, 400, 404}


async def test_every_answer_carries_the_policy(approver: aiohttp.ClientSession) -> None:
    for path in ("/login", "/approvals", "/processes", "/nowhere"):
        answer = await approver.get(path)
        policy = dict(part.split(" ", 1) for part in answer.headers["Content-Security-Policy"].split("; "))
        own = dict.fromkeys(("script-src", "style-src", "font-src", "connect-src", "form-action"), "'self'")
        nothing = dict.fromkeys(("default-src", "object-src", "base-uri", "frame-ancestors"), "'none'")
        assert policy == {**own, **nothing, "img-src": "'self' data:"}
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        html = await answer.text()
        assert " style=" not in html
        assert "<script>" not in html


async def test_live_streams_end_as_soon_as_the_shell_is_asked_to_stop(
    approver: aiohttp.ClientSession, frontend: RunningFrontend, tmp_path: Path
) -> None:
    port = free_port()
    process = shell_process(frontend.settings, port, tmp_path / "shell.log")
    try:
        await eventually(lambda: port_answers(port, process))
        answer = await approver.get(f"http://127.0.0.1:{port}/live")
        assert b"unread-count" in await answer.content.readany()
        os.kill(process.pid, signal.SIGTERM)
        async with asyncio.timeout(5):
            while await answer.content.readany():
                pass
        await eventually(lambda: process.returncode is not None, within=5)
    finally:
        process.stop()


def shell_process(settings: FrontendSettings, port: int, log: Path) -> ServerProcess:
    """The shell as it runs on its own, on the same sessions."""
    command = [sys.executable, "-m", "uvicorn", "--factory", "frontend.shell.app:create_app", "--port", str(port)]
    environment = {
        "RINGI_ENV": "test",
        "RINGI_GATEWAY_URL": settings.gateway_url,
        "RINGI_PUBLIC_URL": settings.public_url,
        **KEY_VARIABLES,
        "RINGI_HOME": str(settings.home),
    }
    return ServerProcess(command, log=log, env=environment)
