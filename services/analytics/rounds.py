"""How the worker sends what is due, mail or webhooks: batch after batch, with a clean-up an hour, and with patience
while something that it needs is away."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from services.kit.db.database import Database, UnitOfWork
from services.kit.running.backoff import Backoff, pause
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger

CLEAN_SECONDS: Final = 3600.0
CLEANED_AT_ONCE: Final = 5_000
LONGEST_PAUSE_SECONDS: Final = 60.0


async def in_rounds(
    what: str,
    stop: asyncio.Event,
    work: Callable[[], Awaitable[int]],
    clean: Callable[[], Awaitable[None]],
    *,
    rest_seconds: float,
    away: tuple[type[Exception], ...],
) -> None:
    """Until ``stop`` is set. ``what`` names it in the log; ``away`` is what is waited out. ``work`` tells how many it
    had to do: with none it rests."""
    log = get_logger(what)
    loop, backoff = asyncio.get_running_loop(), Backoff(longest=LONGEST_PAUSE_SECONDS)
    cleaned = float("-inf")
    while not stop.is_set():
        try:
            busy = await work()
            if not stop.is_set() and loop.time() - cleaned > CLEAN_SECONDS:
                await clean()
                cleaned = loop.time()
        except away as error:
            log.warning("what is due waits", error=str(error))
            await backoff.pause(stop)
        else:
            backoff.reset()
            await pause(stop, 0 if busy else rest_seconds)


async def clean_up(
    db: Database, forget: Callable[[UnitOfWork, datetime, int], Awaitable[int]], before: datetime
) -> None:
    """``forget`` deletes at most so many rows in a transaction, and tells how many."""
    deleted = CLEANED_AT_ONCE
    while deleted >= CLEANED_AT_ONCE:
        async with db.transaction(ActorContext.system()) as uow:
            deleted = await forget(uow, before, CLEANED_AT_ONCE)
