"""Prometheus metrics of the HTTP side: rate, errors and duration per route template."""

import time

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Gauge, Histogram, generate_latest
from starlette.requests import Request
from starlette.responses import Response

DURATION_BUCKETS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Seconds; fine below 50 ms, where the targets lie."""

REQUESTS = Counter("ringi_http_requests_total", "HTTP requests answered", ["service", "method", "route", "status"])
DURATION = Histogram(
    "ringi_http_request_duration_seconds",
    "Time until the answer was complete",
    ["service", "method", "route"],
    buckets=DURATION_BUCKETS,
)
IN_PROGRESS = Gauge("ringi_http_requests_in_progress", "HTTP requests being answered", ["service"])
TOKENS_REFUSED = Counter("ringi_tokens_refused_total", "Access tokens refused", ["reason"])
REVOCATION_AGE = Gauge("ringi_revocation_feed_age_seconds", "Seconds since the revocation feed was last read", [])

FIGURES_MISSING = Gauge("ringi_figures_missing", "1 while figures of a source can't be read, and are NaN", ["of"])


class RouteMetrics:
    """Metric children looked up once per route: ``labels()`` costs more than the update itself."""

    def __init__(self, service: str) -> None:
        self._service = service
        self._children: dict[tuple[str, str, int], Counter] = {}
        self._durations: dict[tuple[str, str], Histogram] = {}
        self.in_progress = IN_PROGRESS.labels(service)

    def record(self, method: str, route: str, status: int, started: float) -> None:
        """``started`` is a time.perf_counter() value; ``route`` a template, never a path with ids."""
        counter = self._children.get((method, route, status))
        if counter is None:
            counter = self._children[(method, route, status)] = REQUESTS.labels(
                self._service, method, route, str(status)
            )
        duration = self._durations.get((method, route))
        if duration is None:
            duration = self._durations[(method, route)] = DURATION.labels(self._service, method, route)
        counter.inc()
        duration.observe(time.perf_counter() - started)


async def metrics_endpoint(_request: Request) -> Response:
    """The exposition format that Prometheus scrapes."""
    return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})
