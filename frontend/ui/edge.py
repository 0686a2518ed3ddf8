"""What stands in front of every frontend app: the head and size of a request are bounded before anything reads them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from frontend.ui.files import UPLOAD_MAX_BYTES, is_upload
from frontend.ui.i18n import gettext, preferred_locale, use_locale
from frontend.ui.paths import is_plain
from frontend.ui.proxies import TrustedProxies

PATH_MAX: Final = 2_048
QUERY_MAX: Final = 32_768
PARAMETERS_MAX: Final = 200
HEADERS_MAX: Final = 100
HEADER_BYTES_MAX: Final = 32_768
"""Names and values of all headers together. As at the gateway (`services.kit.http.request_head`)."""
MAX_BODY_BYTES: Final = 12 * 1024 * 1024
_BAD_REQUEST, _TOO_LARGE, _URI_TOO_LONG, _HEADERS_TOO_LARGE = 400, 413, 414, 431

BodyCap = Callable[[Scope], int]


def usual_cap(scope: Scope) -> int:
    return UPLOAD_MAX_BYTES if is_upload(scope) else MAX_BODY_BYTES


class Edge:
    """ASGI middleware. `scope["client"]` becomes the person's own address, as far as our proxies tell it."""

    def __init__(self, app: ASGIApp, *, trusted_proxies: str, body_cap: BodyCap = usual_cap) -> None:
        self._app = app
        self._proxies = TrustedProxies(trusted_proxies)
        self._body_cap = body_cap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        status = _refusal(scope)
        cap = self._body_cap(scope)
        if not status and not _fits(headers.get("content-length"), cap):
            status = _TOO_LARGE
        if status:
            use_locale(preferred_locale(headers.get("accept-language")))
            # The rest of what was sent is not read.
            refusal = PlainTextResponse(_explanation(status), status_code=status, headers={"Connection": "close"})
            await refusal(scope, receive, send)
            return
        await self._app({**scope, "client": self._client(scope, headers)}, _capped(receive, cap), send)

    def _client(self, scope: Scope, headers: Headers) -> tuple[str, int] | None:
        peer = scope.get("client")
        forwarded = ",".join(headers.getlist("x-forwarded-for"))
        return (self._proxies.client(peer[0], forwarded), peer[1]) if peer else None


def _refusal(scope: Scope) -> int:
    """The status that says why a request is not served; 0 when it is."""
    query, headers = scope["query_string"], scope["headers"]
    path = scope.get("raw_path") or scope["path"].encode()
    if len(path) > PATH_MAX or len(query) > QUERY_MAX:
        return _URI_TOO_LONG
    if len(headers) > HEADERS_MAX or sum(len(name) + len(value) for name, value in headers) > HEADER_BYTES_MAX:
        return _HEADERS_TOO_LARGE
    if query.count(b"&") >= PARAMETERS_MAX or not is_plain(path):
        return _BAD_REQUEST
    hosts = sum(name == b"host" for name, _ in headers)
    # RFC 9112, section 3.2.
    return _BAD_REQUEST if hosts > 1 or (hosts == 0 and scope["http_version"] == "1.1") else 0


def _fits(declared: str | None, cap: int) -> bool:
    return declared is None or (
        declared.isascii() and declared.isdigit() and len(declared) < 12 and int(declared) <= cap
    )


def _capped(receive: Receive, cap: int) -> Receive:
    """For bodies that do not tell their length."""
    received = 0

    async def receive_counted() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > cap:
            raise HTTPException(_TOO_LARGE, gettext("What was sent is too large."))
        return message

    return receive_counted


def _explanation(status: int) -> str:
    if status == _TOO_LARGE:
        return gettext("What was sent is too large.")
    if status in (_URI_TOO_LONG, _HEADERS_TOO_LARGE):
        return gettext("The address or the headers of the request are too long.")
    return gettext("The address is malformed.")
