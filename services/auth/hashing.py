"""Argon2 in few threads, behind a queue that is fair and bounded.

A hash takes some 30 ms of CPU and 19 MiB. Many at once wait for each other instead of being refused, and whoever sends
many waits for their own: a flood from one address delays nobody else by more than one hash a turn.
"""

import asyncio
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from services.auth import passwords
from services.kit.running.fair_queue import FairQueue

THREADS: Final = 2
PLACES: Final = 3 * THREADS
"""While two are hashed, the others are being decided."""
MOST_WAITING: Final = 600
MOST_WAITING_OF_ONE: Final = 300
"""Of one address: an office that begins its day at one instant."""
PATIENCE: Final = timedelta(seconds=26)
"""Callers give up after thirty."""


class Hashing:
    """The hashes of one process: ``async with hashing.turn(address): await hashing.matches(…)``.

    A turn goes from before the hash to after the decision that follows from it, so that those who wait do so here and
    not for a connection.
    """

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="argon2")
        self._queue = FairQueue(
            places=PLACES, waiting=MOST_WAITING, waiting_of_one=MOST_WAITING_OF_ONE, patience=PATIENCE
        )

    @asynccontextmanager
    async def turn(self, whose: str) -> AsyncIterator[None]:
        """``whose``: an address or a user. Raises TooManyRequests when too many wait."""
        async with self._queue.place(whose):
            yield

    async def hash(self, password: str) -> str:
        """The PHC string, with a salt of its own."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, passwords.hash_password, password)

    async def matches(self, stored: str | None, password: str) -> bool:
        """Takes as long for a user who does not exist (``stored`` None), and is then False."""
        return await asyncio.get_running_loop().run_in_executor(self._threads, passwords.matches, stored, password)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
