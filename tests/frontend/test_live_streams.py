"""Live streams last for hours; whoever has none open must not notice how many others have."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest

from frontend.shell.sessions import Session, Sessions, SqliteSessions
from frontend.ui.build import build
from tests.frontend.test_composition import token_in
from tests.support.fake_gateway import PASSWORD
from tests.support.frontend import RunningFrontend, running_frontend
from tests.support.keys import FRONTEND_KEYS
from tests.support.waiting import eventually

STREAMS = 200
PATIENCE_SECONDS = 30


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFrontend]:
    build()
    with running_frontend(tmp_path_factory.mktemp("streams")) as running:
        yield running


async def cookies(frontend: RunningFrontend, count: int) -> list[dict[str, str]]:
    """Sessions of so many browsers of people who signed in some time ago, each of somebody else."""
    store = SqliteSessions(Path(frontend.settings.home) / "frontend" / "sessions.sqlite3")
    await store.open()
    sessions = Sessions(store, FRONTEND_KEYS["session_keys"])
    token = f"{next(iter(frontend.gateway.users))}|1"
    made = []
    for number in range(count):
        session = Session(str(number), "加藤", "k@ringi.example", ("approver",), token, "refresh", time.time() + 3600)
        made.append({"Cookie": f"__Host-ringi={await sessions.create(session)}"})
    await store.close()
    return made


async def test_two_hundred_live_streams_leave_sign_in_and_pages_as_they_are(frontend: RunningFrontend) -> None:
    browsers = await cookies(frontend, STREAMS)
    async with aiohttp.ClientSession(frontend.url, connector=aiohttp.TCPConnector(limit=0)) as session:
        streams = await asyncio.gather(*(session.get("/live", headers=headers) for headers in browsers))
        assert {stream.status for stream in streams} == {200}
        await eventually(lambda: frontend.gateway.listeners >= STREAMS, what="a stream from the gateway for each")
        assert await asyncio.wait_for(signs_in(frontend), PATIENCE_SECONDS) == 303
        page = await asyncio.wait_for(session.get("/approvals", headers=browsers[0]), PATIENCE_SECONDS)
        assert page.status == 200
        for stream in streams:
            stream.close()


async def test_one_person_has_a_bounded_number_of_streams_and_is_told_so(frontend: RunningFrontend) -> None:
    browser = (await cookies(frontend, 1))[0]
    most = frontend.settings.live_streams_per_user
    async with aiohttp.ClientSession(frontend.url, connector=aiohttp.TCPConnector(limit=0)) as session:
        streams = [await session.get("/live", headers=browser) for _ in range(most)]
        for stream in streams:
            assert stream.status == 200
            await stream.content.readany()
        refused = await session.get("/live", headers=browser)
        assert (refused.status, int(refused.headers["Retry-After"]) > 0) == (429, True)
        for stream in streams:
            stream.close()


async def signs_in(frontend: RunningFrontend) -> int:
    async with aiohttp.ClientSession(frontend.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        page = await session.get("/login")
        cookie = page.headers["Set-Cookie"].split(";")[0]
        form = {"csrf": token_in(await page.text()), "email": "approver@ringi.example", "password": PASSWORD}
        return (await session.post("/login", data=form, headers={"Cookie": cookie}, allow_redirects=False)).status
