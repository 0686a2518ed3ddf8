"""Waiting longer after each failure, with jitter, so that many who wait do not come back at once."""

import asyncio
import random
from contextlib import suppress
from typing import Final

FIRST_SECONDS: Final = 0.1
LONGEST_SECONDS: Final = 10.0


def delay(attempt: int, *, longest: float = LONGEST_SECONDS) -> float:
    """Seconds before try ``attempt`` + 1 (attempt 1 failed first): between half and the whole of a doubling step."""
    step = min(longest, FIRST_SECONDS * 2.0 ** min(attempt - 1, 30))
    return step * random.uniform(0.5, 1.0)  # noqa: S311 - jitter


async def pause(stop: asyncio.Event, seconds: float) -> None:
    """Sleeps, but not beyond ``stop``."""
    with suppress(TimeoutError):
        await asyncio.wait_for(stop.wait(), seconds)


class Backoff:
    """Counts the failures of one loop; ``reset`` after a success."""

    def __init__(self, *, longest: float = LONGEST_SECONDS) -> None:
        self._failures = 0
        self._longest = longest

    def reset(self) -> None:
        self._failures = 0

    async def pause(self, stop: asyncio.Event) -> None:
        self._failures += 1
        await pause(stop, delay(self._failures, longest=self._longest))
