"""One ASGI middleware for request id, trace, access log, metrics and body cap: three nested ones cost five times."""

import re
import time
from collections.abc import Callable, Mapping
from typing import Final

from opentelemetry.trace import Status, StatusCode
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.errors import PayloadTooLarge, ProblemError
from services.kit.http import request_head
from services.kit.http.problems import preferred_locale, problem_response
from services.kit.http.proxies import TrustedProxies
from services.kit.running import correlation, tracing
from services.kit.running.correlation import Correlation
from services.kit.running.ids import new_id
from services.kit.running.logging import get_logger
from services.kit.running.metrics import RouteMetrics

BODY_CAP_BYTES: Final = 1024 * 1024
ANONYMOUS_BODY_CAP_BYTES: Final = 8 * 1024
"""Of requests without an ``Authorization`` header: signing in and the like, which a stranger may send for nothing."""
LOGGED_PATH_MAX: Final = 512
"""Characters."""
BROKEN: Final = 500
_DIGITS_OF_LENGTH: Final = 12
UNMATCHED_ROUTE: Final = "(unmatched)"
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_QUIET_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_WANTED: Final = frozenset(
    {b"traceparent", b"x-request-id", b"accept-language", b"content-length", b"x-forwarded-for", b"authorization"}
)
_log = get_logger("access")

BodyCap = Callable[[Scope], int | None]
"""Bytes that a request's body may have by its route; None: what every other may."""


def _usual_cap(_scope: Scope) -> None:
    return None


class RequestMiddleware:
    def __init__(self, app: ASGIApp, *, service: str, trusted_proxies: str, body_cap: BodyCap = _usual_cap) -> None:
        self._app = app
        self._service = service
        self._metrics = RouteMetrics(service)
        self._proxies = TrustedProxies(trusted_proxies)
        self._body_cap = body_cap

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        refusal = request_head.refusal_of(scope)
        if refusal is not None:
            # What is too much to be read is read by nothing that follows.
            await self._serve(scope, receive, send, {}, correlation.new_traceparent(), refusal)
            return
        headers = _wanted(scope)
        if not tracing.enabled():
            traceparent = correlation.child_traceparent(_text(headers, b"traceparent"))
            await self._serve(scope, receive, send, headers, traceparent)
            return
        with tracing.server_span(f"{scope['method']}", _text(headers, b"traceparent")) as (active, traceparent):
            status = await self._serve(scope, receive, send, headers, traceparent)
            route = route_template(scope)
            active.update_name(f"{scope['method']} {route}")
            active.set_attribute("ringi.part", self._service)
            active.set_attribute("http.route", route)
            active.set_attribute("http.request.method", scope["method"])
            active.set_attribute("http.response.status_code", status)
            if status >= BROKEN:
                active.set_status(Status(StatusCode.ERROR))

    async def _serve(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        headers: Mapping[bytes, bytes],
        traceparent: str,
        refusal: ProblemError | None = None,
    ) -> int:
        """The status that was answered."""
        started = time.perf_counter()
        request_id = headers.get(b"x-request-id", b"")
        if not _REQUEST_ID.fullmatch(request_id):
            request_id = str(new_id()).encode()
        client = scope.get("client")
        correlation.use(
            Correlation(
                traceparent=traceparent,
                request_id=request_id.decode(),
                ip=self._proxies.client(client[0] if client else None, _text(headers, b"x-forwarded-for")),
                locale=preferred_locale(_text(headers, b"accept-language")),
            )
        )
        status = 0
        extra = [
            (b"x-request-id", request_id),
            (b"traceparent", traceparent.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                present = {name for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(item for item in extra if item[0] not in present)]
                if b"cache-control" not in present:
                    message["headers"].append((b"cache-control", b"no-store"))
            await send(message)

        self._metrics.in_progress.inc()
        try:
            if refusal is not None:
                await problem_response(refusal)(scope, receive, send_with_headers)
            else:
                await self._with_body_cap(scope, receive, send_with_headers, headers)
        except Exception as error:
            _log.error("unhandled error", exc_info=error)
            if status:
                raise
            await problem_response(ProblemError())(scope, receive, send_with_headers)
        finally:
            self._metrics.in_progress.dec()
            self._finish(scope, status, started)
        return status

    async def _with_body_cap(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes]) -> None:
        cap = self._body_cap(scope) or BODY_CAP_BYTES
        if b"authorization" not in headers:
            cap = min(cap, ANONYMOUS_BODY_CAP_BYTES)
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or len(declared) > _DIGITS_OF_LENGTH or int(declared) > cap:
            await problem_response(PayloadTooLarge(maxBytes=cap))(scope, receive, send)
            return
        if declared != b"0":
            # The server holds the client to the length that it declared.
            await self._app(scope, receive, send)
            return
        received = 0

        async def receive_counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > cap:
                raise HTTPException(413)
            return message

        await self._app(scope, receive_counted, send)

    def _finish(self, scope: Scope, status: int, started: float) -> None:
        route = route_template(scope)
        method = scope["method"]
        self._metrics.record(method, route, status, started)
        if scope["path"] not in _QUIET_PATHS:
            milliseconds = round((time.perf_counter() - started) * 1000, 2)
            path = scope["path"][:LOGGED_PATH_MAX]
            _log.info("request", method=method, route=route, path=path, status=status, ms=milliseconds)


def _wanted(scope: Scope) -> dict[bytes, bytes]:
    """Proxies may add a line of their own instead of a part to the line that is there: in order they are one list."""
    found: dict[bytes, bytes] = {}
    for name, value in scope["headers"]:
        if name in _WANTED:
            joined = name == b"x-forwarded-for" and name in found
            found[name] = found[name] + b"," + value if joined else value
    return found


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def route_template(scope: Scope) -> str:
    """``/customers/{customer_id}`` rather than the path: metrics must not grow with the data."""
    route = scope.get("route")
    return getattr(route, "path", UNMATCHED_ROUTE) if route is not None else UNMATCHED_ROUTE
