"""The span, the figures and the trace of each page; whoever serves the app sets up where spans go."""

from __future__ import annotations

import secrets
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
from prometheus_client import Counter, Gauge, Histogram

if TYPE_CHECKING:
    from collections.abc import Iterator

    from starlette.types import ASGIApp, Message, Receive, Scope, Send

_BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds."""
_UNMATCHED: Final = "(unmatched)"
_QUIET: Final = "/healthz"
_BROKEN: Final = 500
_W3C: Final = TraceContextTextMapPropagator()

PAGES = Counter("ringi_pages_total", "Requests that shell and remotes answered", ["app", "method", "route", "status"])
DURATION = Histogram(
    "ringi_page_duration_seconds",
    "Time until a page, fragment or file was complete; live streams are not counted",
    ["app", "route"],
    buckets=_BUCKETS,
)
IN_PROGRESS = Gauge("ringi_pages_in_progress", "Requests that shell and remotes are answering", ["app"])


def traceparent() -> str:
    """W3C Trace Context of the running request, for the calls that it makes. Empty outside of any."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")


class Observed:
    """ASGI middleware, to stand where routes are matched on the very scope that it passes on."""

    def __init__(self, app: ASGIApp, *, name: str, streams: tuple[str, ...] = ()) -> None:
        """``streams``: route templates of answers that have no end of their own."""
        self._app = app
        self._name = name
        self._streams = streams
        self._in_progress = IN_PROGRESS.labels(name)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] == _QUIET:
            await self._app(scope, receive, send)
            return
        status, started = _BROKEN, time.perf_counter()

        async def noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        self._in_progress.inc()
        with _span(scope) as span:
            try:
                await self._app(scope, receive, noting_status)
            finally:
                self._in_progress.dec()
                route = getattr(scope.get("route"), "path", _UNMATCHED)
                PAGES.labels(self._name, scope["method"], route, str(status)).inc()
                if route not in self._streams:
                    DURATION.labels(self._name, route).observe(time.perf_counter() - started)
                span.update_name(f"{scope['method']} {route}")
                span.set_attribute("http.route", route)
                span.set_attribute("http.request.method", scope["method"])
                span.set_attribute("http.response.status_code", status)
                if status >= _BROKEN:
                    span.set_status(Status(StatusCode.ERROR))


@contextmanager
def _span(scope: Scope) -> Iterator[trace.Span]:
    tracer = trace.get_tracer("ringi.frontend")
    span = tracer.start_span(scope["method"], context=_parent(scope), kind=SpanKind.SERVER)
    if not span.get_span_context().is_valid:
        # Nobody exports. The trace goes on all the same: log lines and events name it.
        span = NonRecordingSpan(_new_root())
    token = attach(trace.set_span_in_context(span))
    try:
        yield span
    finally:
        detach(token)
        span.end()


def _parent(scope: Scope) -> Context:
    given = next((value for name, value in scope["headers"] if name == b"traceparent"), b"")
    return _W3C.extract({"traceparent": given.decode("latin-1")}, context=Context())


def _new_root() -> SpanContext:
    return SpanContext(
        secrets.randbits(128) or 1,
        secrets.randbits(64) or 1,
        is_remote=False,
        trace_flags=TraceFlags(TraceFlags.SAMPLED),
    )
