"""Circuit breaker of one upstream: after failures in a row nobody waits for it for a while, then one call tries."""

import time
from collections.abc import Callable
from enum import StrEnum
from typing import Final

from prometheus_client import Gauge

from api.calls import UpstreamUnreachable

FAILURES_TO_OPEN: Final = 5
OPEN_SECONDS: Final = 5.0

BREAKER_OPEN = Gauge("ringi_gateway_breaker_open", "1 while calls to the service are refused", ["service"])


class BreakerState(StrEnum):
    CLOSED = "closed"
    OPEN = "open"
    PROBING = "probing"


class Breaker:
    """Counts failures to connect, broken connections and timeouts. Any answer, even a 500, is a sign of life."""

    def __init__(self, service: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._service = service
        self._clock = clock
        self._failures = 0
        self._opened_at = 0.0
        self.state = BreakerState.CLOSED
        self._gauge = BREAKER_OPEN.labels(service)

    def admit(self) -> None:
        """Raises UpstreamUnreachable while open; lets one call through when the pause is over."""
        if self.state is BreakerState.CLOSED:
            return
        left = self._opened_at + OPEN_SECONDS - self._clock()
        if left > 0:
            raise UpstreamUnreachable(self._service, retry_after=max(1, round(left)))
        # Only this call; should it never report back, the next pause lets another one try.
        self._opened_at = self._clock()
        self.state = BreakerState.PROBING

    def succeeded(self) -> None:
        self._failures = 0
        if self.state is not BreakerState.CLOSED:
            self.state = BreakerState.CLOSED
            self._gauge.set(0)

    def failed(self) -> None:
        self._failures += 1
        if self.state is BreakerState.PROBING or self._failures >= FAILURES_TO_OPEN:
            self.state = BreakerState.OPEN
            self._opened_at = self._clock()
            self._gauge.set(1)
