"""The sign-in page tells what the API told."""

from urllib.parse import urlencode

import pytest

from frontend.shell.app import create_app
from frontend.ui.build import build
from services.auth.errors import LoginThrottled
from services.kit.errors import ProblemError, Text, TooManyRequests
from tests.support.http import Answer, ServiceClient
from tests.support.scripted_gateway import SETTINGS, ScriptedGateway, text


@pytest.fixture(scope="module", autouse=True)
def assets() -> None:
    build()


REASON = Text("失敗が続きました。", "Too many failures.")
FORM_COOKIE = "a-form-token"


async def sign_in_refused_with(problem: ProblemError, locale: str) -> Answer:
    """What a browser gets for the password form when the API refuses like this."""
    app = create_app(SETTINGS)
    gateway = ScriptedGateway()
    gateway.on("POST", "/auth/login", problem.problem(locale, "trace"), status=problem.status)
    app.state.tokens._client = gateway
    content = urlencode({"csrf": FORM_COOKIE, "email": "a@ringi.example", "password": "x", "next": "/"}).encode()
    cookie = (await ServiceClient(app).get("/login")).headers["set-cookie"].partition("=")[0]
    return await ServiceClient(app).request(
        "POST",
        "/login",
        content=content,
        headers={
            "content-type": "application/x-www-form-urlencoded",
            "accept-language": locale,
            "cookie": f"{cookie}={FORM_COOKIE}",
        },
    )


@pytest.mark.parametrize(
    ("locale", "told"), [("ja", "失敗が続きました。14 分後に"), ("en", "Too many failures. Try again in 14 minutes.")]
)
async def test_the_sign_in_page_says_how_long_to_wait(locale: str, told: str) -> None:
    answer = await sign_in_refused_with(LoginThrottled(800, REASON), locale)
    assert (answer.status, answer.headers["retry-after"]) == (429, "800")
    assert told in text(answer)


@pytest.mark.parametrize(
    ("locale", "seconds", "told"),
    [
        ("ja", 7, "この接続元からのサインインが集中しています。7秒後に"),
        ("en", 7, "Too many sign-ins from here. Please try again in 7 seconds."),
        ("en", 1, "Please try again in 1 second."),
    ],
)
async def test_the_gateways_own_limit_is_told_apart_from_failures(locale: str, seconds: int, told: str) -> None:
    answer = await sign_in_refused_with(TooManyRequests(seconds), locale)
    assert (answer.status, answer.headers["retry-after"]) == (429, str(seconds))
    assert told in text(answer)
