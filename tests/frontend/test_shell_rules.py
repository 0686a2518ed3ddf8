"""The shell's rules: whose prefix it is, when a remote is suspended, where a redirect may lead, what counts as ours."""

from __future__ import annotations

import pytest
from pydantic import ValidationError
from starlette.requests import Request

from frontend.shell.breaker import FAILURES_TO_OPEN, OPEN_SECONDS, Breaker
from frontend.shell.counts import figure
from frontend.shell.csrf import is_same_origin, token_in
from frontend.shell.notifications import place_of
from frontend.shell.registry import ManifestRefused, Registry
from frontend.shell.sse import events_in, message
from frontend.shell.upstream import Upstream
from frontend.ui.identity import Identity
from frontend.ui.manifest import Label, PageRoute, RemoteManifest
from frontend.ui.security import own_path
from frontend.ui.settings import FrontendSettings
from frontend.ui.views import Notification
from tests.support.keys import FRONTEND_KEYS

TITLE = Label(ja="題", en="Title")
SOMEBODY = Identity("1", "加藤", "k@x", frozenset(), "ja", "light", "token", "csrf")


def settings(**values: object) -> FrontendSettings:
    return FrontendSettings(gateway_url="http://127.0.0.1:8000/", **FRONTEND_KEYS, **values)  # type: ignore[arg-type]


def manifest(name: str, *prefixes: str, **values: object) -> RemoteManifest:
    routes = tuple(PageRoute(prefix=prefix, title=TITLE) for prefix in prefixes)
    return RemoteManifest(name=name, routes=routes, **values)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "refused",
    [
        manifest("sales", "/approvals"),
        manifest("sales", "/processes"),
        manifest("sales", "/tasks", "/tasks"),
        manifest("customer", "/meetings"),
        manifest("sales", "/meetings", contract=2),
        manifest("sales", "/meetings", schema="other/1"),
    ],
    ids=["another's prefix", "the shell's prefix", "twice the same", "another's name", "contract", "schema"],
)
def test_a_manifest_that_does_not_fit_is_refused_and_the_last_good_one_stays(refused: RemoteManifest) -> None:
    registry = Registry(settings())
    state = registry.remotes["sales"]
    before = state.manifest
    with pytest.raises(ManifestRefused):
        registry.accept(state, refused)
    assert state.manifest is before


def test_a_new_manifest_takes_its_prefixes_over() -> None:
    registry = Registry(settings())
    registry.accept(registry.remotes["sales"], manifest("sales", "/meetings", "/visits"))
    assert registry.owner("/visits/1") is not None
    assert registry.owner("/tasks") is None
    assert registry.owner("/") is None


def test_remotes_are_at_the_gateways_origin_unless_said_otherwise() -> None:
    assert settings().remote_url("sales") == "http://127.0.0.1:8000/_remote/sales"
    assert settings(remote_sales_url="http://sales:9/").remote_url("sales") == "http://sales:9"


def test_a_weak_secret_is_refused() -> None:
    with pytest.raises(ValidationError, match="at least 32 characters"):
        FrontendSettings(gateway_url="http://gateway", identity_keys="short")


@pytest.mark.parametrize(
    ("public_url", "choice", "secure"),
    [
        ("https://crm.example", "auto", True),
        ("http://127.0.0.1:8000", "auto", True),
        ("http://crm.internal", "auto", False),
        ("http://127.0.0.1:8000", "never", False),
    ],
)
def test_cookies_are_secure_wherever_browsers_take_them(public_url: str, choice: str, secure: bool) -> None:
    assert settings(public_url=public_url, cookie_secure=choice).secure_cookies is secure


def test_a_breaker_opens_after_failures_and_lets_one_probe_through() -> None:
    now = [0.0]
    breaker = Breaker(clock=lambda: now[0])
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.admits()
        breaker.failed()
    assert not breaker.admits()
    now[0] += OPEN_SECONDS
    assert breaker.admits(), "one probe"
    assert not breaker.admits(), "and only one"
    breaker.failed()
    assert not breaker.admits(), "it failed: closed off again"
    now[0] += OPEN_SECONDS
    assert breaker.admits()
    breaker.abandoned()
    assert breaker.admits(), "a caller who left learnt nothing"
    breaker.succeeded()
    assert breaker.admits()
    assert not breaker.is_open


async def test_a_probe_that_ends_in_a_defect_of_the_shell_leaves_the_next_one_its_turn() -> None:
    now = [0.0]
    remote = Registry(settings()).remotes["sales"]
    remote.breaker = Breaker(clock=lambda: now[0])
    for _ in range(FAILURES_TO_OPEN):
        remote.breaker.failed()
    now[0] += OPEN_SECONDS
    upstream = Upstream(settings(), (b"0" * 32,))  # was never opened: every call is a programming error
    for attempt in ("the probe", "the next one"):
        with pytest.raises(RuntimeError, match="not open"):
            await upstream.call(remote, "GET", "/tasks", SOMEBODY)
        assert remote.breaker.is_open, attempt


@pytest.mark.parametrize(
    "target",
    ["//evil.example", "https://evil.example", "/\\evil.example", "javascript:alert(1)", "/a\nb", "", None, "evil"],
)
def test_a_redirect_never_leaves_this_origin(target: str | None) -> None:
    assert own_path(target, "/start") == "/start"


def test_own_pages_may_be_redirected_to() -> None:
    assert own_path("/approvals?tab=all&q=山田#x") == "/approvals?tab=all&q=山田#x"


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "POST", "path": "/", "headers": raw, "query_string": b""})


@pytest.mark.parametrize(
    ("headers", "accepted"),
    [
        ({"sec_fetch_site": "same-origin"}, True),
        ({"sec_fetch_site": "cross-site"}, False),
        ({"sec_fetch_site": "same-site"}, False),
        ({"origin": "http://crm.example", "host": "crm.example"}, True),
        ({"origin": "http://evil.example", "host": "crm.example"}, False),
        ({"origin": "null", "host": "crm.example"}, False),
    ],
)
def test_a_write_from_another_site_is_recognised(headers: dict[str, str], accepted: bool) -> None:
    assert is_same_origin(request(**headers)) is accepted


async def test_the_form_token_is_found_in_every_kind_of_form() -> None:
    plain = request(content_type="application/x-www-form-urlencoded; charset=utf-8")
    assert await token_in(plain, b"a=1&csrf=t%2Bk") == "t+k"
    parts = request(content_type="multipart/form-data; boundary=X")
    body = b'--X\r\nContent-Disposition: form-data; name="csrf"\r\n\r\ntok\r\n--X--\r\n'
    assert await token_in(parts, body) == "tok"
    assert await token_in(parts, b"--broken") == ""
    assert await token_in(request(x_csrf_token="h"), b"") == "h"
    assert await token_in(request(content_type="text/plain"), b"csrf=t") == ""


@pytest.mark.parametrize(
    ("answer", "shown"),
    [
        ({"count": 0}, ""),
        ({"count": 7}, "7"),
        ({"count": 120}, "99+"),
        ({"items": [1, 2], "nextCursor": None}, "2"),
        ({"items": [1, 2], "nextCursor": "x"}, "2+"),
        ({"items": [], "total": 3}, "3"),
        ([], ""),
    ],
)
def test_a_figure_is_short_and_honest(answer: object, shown: str) -> None:
    assert figure(answer) == shown


def test_a_notification_leads_to_what_it_is_about() -> None:
    notice = Notification(id="1", type="APPROVAL_WAITING", title="x", resource_type="approval", resource_id="a/../b")
    assert place_of(notice) == "/approvals/a%2F..%2Fb"
    given = Notification(id="1", type="PROXY_GIVEN", title="x", resource_type="proxy", resource_id="p1")
    assert place_of(given) == "/absences", "one that was taken back has no page of its own any more"
    assert place_of(Notification(id="1", type="x", title="x", resource_type="moon", resource_id="1")) == ""


async def test_server_sent_events_are_read_as_the_standard_says() -> None:
    async def lines():  # type: ignore[no-untyped-def]
        for line in b"retry: 1\n\n: comment\nevent: notification\ndata: {\ndata: }\n\ndata:x\n\n".splitlines(
            keepends=True
        ):
            yield line

    events = [(event.name, event.data) async for event in events_in(lines())]
    assert events == [("notification", "{\n}"), ("message", "x")]
    assert message("a\nb", "ringi-approval") == "event: ringi-approval\ndata: a\ndata: b\n\n"
