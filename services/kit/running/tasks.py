"""Ending a task that runs beside others."""

import asyncio
from typing import Any, Final

CANCEL_SECONDS: Final = 0.2


async def end(task: asyncio.Task[Any]) -> None:
    """Cancel the task and wait for its end, whatever it ends with.

    More than once: asyncio.wait_for of Python 3.11, by which psycopg waits, swallows a cancellation that comes together
    with its result, and a task that works in a loop would go on for ever.
    """
    while not task.done():
        task.cancel()
        await asyncio.wait({task}, timeout=CANCEL_SECONDS)
