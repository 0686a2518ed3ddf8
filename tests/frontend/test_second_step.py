"""Between password and code nobody keeps the password: the browser holds what auth has sealed about it."""

from __future__ import annotations

from collections.abc import Iterator

import aiohttp
import pytest

from frontend.ui.build import build
from tests.frontend.test_composition import token_in
from tests.support.fake_gateway import PASSWORD, TOTP_CODE
from tests.support.frontend import RunningFrontend, running_frontend

EMAIL = "approver@ringi.example"


@pytest.fixture(scope="module")
def frontend(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningFrontend]:
    build()
    with running_frontend(tmp_path_factory.mktemp("second-step")) as running:
        yield running


async def test_the_code_signs_in_without_the_password_although_the_shell_was_restarted(
    frontend: RunningFrontend,
) -> None:
    frontend.gateway.totp_users.add(EMAIL)
    fresh = aiohttp.TCPConnector(force_close=True)  # none is kept over the restart
    async with aiohttp.ClientSession(frontend.url, connector=fresh, cookie_jar=aiohttp.DummyCookieJar()) as session:
        cookies = cookies_of(page := await session.get("/login"))
        form = {"csrf": token_in(await page.text()), "email": EMAIL, "password": PASSWORD, "next": "/"}
        asked = await session.post("/login", data=form, headers=sent(cookies))
        html = await asked.text()
        assert (asked.status, 'id="login-totp"' in html, PASSWORD in html) == (401, True, False)
        cookies |= cookies_of(asked)
        assert all(PASSWORD not in value for value in cookies.values())
        frontend.restart_shell()
        wrong = await session.post("/login", data={"csrf": form["csrf"], "totp": "000000"}, headers=sent(cookies))
        assert (wrong.status, 'id="login-totp"' in await wrong.text()) == (401, True)
        right = await session.post(
            "/login", data={"csrf": form["csrf"], "totp": TOTP_CODE}, headers=sent(cookies), allow_redirects=False
        )
        assert right.status == 303
        assert cookies_of(right)["__Host-ringi"]


async def test_a_code_without_a_first_step_asks_for_the_password(frontend: RunningFrontend) -> None:
    async with aiohttp.ClientSession(frontend.url, cookie_jar=aiohttp.DummyCookieJar()) as session:
        cookies = cookies_of(page := await session.get("/login"))
        form = {"csrf": token_in(await page.text()), "totp": TOTP_CODE}
        for more in ({}, {"__Host-ringi-step": "forged"}):
            answer = await session.post("/login", data=form, headers=sent(cookies | more))
            assert answer.status in (401, 403)
            assert 'id="login-password"' in await answer.text()


def cookies_of(answer: aiohttp.ClientResponse) -> dict[str, str]:
    pairs = (line.split(";")[0].partition("=") for line in answer.headers.getall("Set-Cookie", []))
    return {name: value for name, _, value in pairs if value}


def sent(cookies: dict[str, str]) -> dict[str, str]:
    return {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())}
