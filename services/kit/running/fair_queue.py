"""A bounded queue before a dependency that slows down for everybody when too much is asked of it at once.

Callers take turns, whatever number of waiting pieces each has; one caller's pieces keep their order.
"""

import asyncio
import math
import time
from collections import OrderedDict, deque
from collections.abc import AsyncIterator, Hashable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.kit.errors import TooManyRequests

_WEIGHT_OF_NEWEST: Final = 0.1
"""How much the newest duration counts in the running mean."""
_LONGEST_RETRY_AFTER_SECONDS: Final = 60

_Waiters = deque[asyncio.Future[None]]


class FairQueue:
    """``places``: pieces of work under way at once. ``waiting``: how many more may wait. ``patience``: for how long.
    ``waiting_of_one``: how many of one caller, where strangers could else fill the queue for everybody."""

    def __init__(self, *, places: int, waiting: int, patience: timedelta, waiting_of_one: int | None = None) -> None:
        self._free = places
        self._places = places
        self._limit = waiting
        self._limit_of_one = waiting if waiting_of_one is None else waiting_of_one
        self._patience = patience.total_seconds()
        self._callers: OrderedDict[Hashable, _Waiters] = OrderedDict()
        """Whose turn it is next stands first."""
        self._mean_seconds = 0.0

    @property
    def waiting(self) -> int:
        return sum(map(len, self._callers.values()))

    @asynccontextmanager
    async def place(self, caller: Hashable) -> AsyncIterator[None]:
        """Wait for a place and keep it for the block.

        Raises TooManyRequests, with an estimate of when there is room, when too many wait or patience ends.
        """
        await self._take(caller)
        began = time.monotonic()
        try:
            yield
        finally:
            self._measure(time.monotonic() - began)
            self._pass_on()

    async def _take(self, caller: Hashable) -> None:
        if self._free:
            self._free -= 1
            return
        if self.waiting >= self._limit or len(self._callers.get(caller, ())) >= self._limit_of_one:
            raise TooManyRequests(self._retry_after())
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._callers.setdefault(caller, deque()).append(turn)
        try:
            async with asyncio.timeout(self._patience):
                await turn
        except BaseException as error:
            if turn.done() and not turn.cancelled():
                self._pass_on()  # the turn came in the very moment in which its caller gave up
            else:
                self._withdraw(caller, turn)
            if isinstance(error, TimeoutError):
                raise TooManyRequests(self._retry_after()) from None
            raise

    def _pass_on(self) -> None:
        """To the first piece of the next caller; that caller's others go behind everybody else's."""
        while self._callers:
            caller, turns = self._callers.popitem(last=False)
            turn = turns.popleft()
            if turns:
                self._callers[caller] = turns
            if not turn.done():
                turn.set_result(None)
                return
        self._free += 1

    def _withdraw(self, caller: Hashable, turn: asyncio.Future[None]) -> None:
        turns = self._callers.get(caller)
        if turns is not None and turn in turns:
            turns.remove(turn)
            if not turns:
                del self._callers[caller]

    def _measure(self, seconds: float) -> None:
        known = self._mean_seconds
        self._mean_seconds = seconds if known == 0 else known + (seconds - known) * _WEIGHT_OF_NEWEST

    def _retry_after(self) -> int:
        """Seconds until those who wait now should have had their turn."""
        seconds = math.ceil(self.waiting * self._mean_seconds / self._places)
        return min(max(seconds, 1), _LONGEST_RETRY_AFTER_SECONDS)
