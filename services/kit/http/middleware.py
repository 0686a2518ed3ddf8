"""One ASGI middleware for request id, trace, access log, metrics and body cap: three nested ones cost five times."""

import ipaddress
import re
import time
from collections.abc import Mapping, Sequence
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.kit.errors import PayloadTooLarge, ProblemError
from services.kit.http.problems import preferred_locale, problem_response
from services.kit.running import correlation, tracing
from services.kit.running.correlation import Correlation
from services.kit.running.ids import new_id
from services.kit.running.logging import get_logger
from services.kit.running.metrics import RouteMetrics

BODY_CAP_BYTES: Final = 1024 * 1024
UNMATCHED_ROUTE: Final = "(unmatched)"
_REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_QUIET_PATHS: Final = frozenset({"/healthz", "/readyz", "/metrics"})
_WANTED: Final = frozenset({b"traceparent", b"x-request-id", b"accept-language", b"content-length", b"x-forwarded-for"})
_log = get_logger("access")


class TrustedProxies:
    """Whose ``X-Forwarded-For`` counts: from the right, the first address that is no proxy of ours is the client."""

    def __init__(self, blocks: str) -> None:
        self._blocks = [ipaddress.ip_network(block.strip()) for block in blocks.split(",") if block.strip()]

    def client(self, peer: str | None, forwarded: str | None) -> str | None:
        if peer is None or not forwarded or not self._trusted(peer):
            return peer
        for address in reversed([part.strip() for part in forwarded.split(",")]):
            if not _is_address(address):
                return peer
            if not self._trusted(address):
                return address
            peer = address
        return peer

    def _trusted(self, address: str) -> bool:
        return _is_address(address) and any(ipaddress.ip_address(address) in block for block in self._blocks)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


class RequestMiddleware:
    """``body_caps`` raises the cap for paths that take files: (prefix, bytes), the first that fits counts."""

    def __init__(
        self, app: ASGIApp, *, service: str, trusted_proxies: str, body_caps: Sequence[tuple[str, int]] = ()
    ) -> None:
        self._app = app
        self._service = service
        self._metrics = RouteMetrics(service)
        self._proxies = TrustedProxies(trusted_proxies)
        self._body_caps = list(body_caps)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name: value for name, value in scope["headers"] if name in _WANTED}
        if not tracing.enabled():
            traceparent = correlation.child_traceparent(_text(headers, b"traceparent"))
            await self._serve(scope, receive, send, headers, traceparent)
            return
        with tracing.server_span(f"{scope['method']}", _text(headers, b"traceparent")) as (active, traceparent):
            await self._serve(scope, receive, send, headers, traceparent)
            route = route_template(scope)
            active.update_name(f"{scope['method']} {route}")
            active.set_attribute("http.route", route)

    async def _serve(
        self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes], traceparent: str
    ) -> None:
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
            await self._with_body_cap(scope, receive, send_with_headers, headers)
        except Exception as error:
            _log.error("unhandled error", exc_info=error)
            if status:
                raise
            await problem_response(ProblemError())(scope, receive, send_with_headers)
        finally:
            self._metrics.in_progress.dec()
            self._finish(scope, status, started)

    async def _with_body_cap(self, scope: Scope, receive: Receive, send: Send, headers: Mapping[bytes, bytes]) -> None:
        cap = BODY_CAP_BYTES
        if self._body_caps:
            path = scope["path"]
            cap = next((size for prefix, size in self._body_caps if prefix in path), cap)
        declared = headers.get(b"content-length", b"0")
        if not declared.isdigit() or int(declared) > cap:
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
            _log.info("request", method=method, route=route, path=scope["path"], status=status, ms=milliseconds)


def _text(headers: Mapping[bytes, bytes], name: bytes) -> str | None:
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def route_template(scope: Scope) -> str:
    """``/customers/{customer_id}`` rather than the path: metrics must not grow with the data."""
    route = scope.get("route")
    return getattr(route, "path", UNMATCHED_ROUTE) if route is not None else UNMATCHED_ROUTE
