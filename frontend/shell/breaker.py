"""A circuit breaker per remote: after repeated failures calls are refused at once, until one probe succeeds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

FAILURES_TO_OPEN = 3
OPEN_SECONDS = 2.0


@dataclass(slots=True)
class Breaker:
    """Closed → open after `FAILURES_TO_OPEN` failures in a row → one probe after `OPEN_SECONDS` → closed or open."""

    clock: Callable[[], float] = time.monotonic
    failures: int = 0
    opened_at: float | None = None
    probing: bool = False

    @property
    def is_open(self) -> bool:
        return self.opened_at is not None

    def admits(self) -> bool:
        """Whether a call may be made now; when half open, only the first caller may."""
        if self.opened_at is None:
            return True
        if self.probing or self.clock() - self.opened_at < OPEN_SECONDS:
            return False
        self.probing = True
        return True

    def succeeded(self) -> None:
        self.failures, self.opened_at, self.probing = 0, None, False

    def abandoned(self) -> None:
        """The caller left before there was an answer: nothing was learnt, the next one may probe."""
        self.probing = False

    def failed(self) -> None:
        self.failures += 1
        self.probing = False
        if self.failures >= FAILURES_TO_OPEN or self.opened_at is not None:
            self.opened_at = self.clock()
