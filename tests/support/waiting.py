"""Wait for a condition with a deadline; tests never sleep for a fixed time instead."""

import asyncio
import inspect
import socket
import time
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from tests.support.processes import ServerProcess

T = TypeVar("T")

DEADLINE = 120.0
"""Seconds; far more than anything takes, because a machine that does much else must not fail a test."""
INTERVAL = 0.02


@overload
async def eventually(probe: Callable[[], Awaitable[T]], *, within: float = DEADLINE, what: str = "") -> T: ...


@overload
async def eventually(probe: Callable[[], T], *, within: float = DEADLINE, what: str = "") -> T: ...


async def eventually(probe: Callable[[], Any], *, within: float = DEADLINE, what: str = "") -> Any:
    """The first truthy value of ``probe``. Raises AssertionError with its last value when time runs out."""
    limit = time.monotonic() + within
    while True:
        value: Any = probe()
        if inspect.isawaitable(value):
            value = await value
        if value:
            return value
        assert time.monotonic() < limit, f"{what or 'the condition'} did not come true, last value {value!r}"
        await asyncio.sleep(INTERVAL)


def port_answers(port: int, process: ServerProcess) -> bool:
    """Whether somebody listens on a local port. Raises RuntimeError if the process that should has ended."""
    process.check()
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def eventually_sync(probe: Callable[[], T], *, within: float = DEADLINE, what: str = "") -> T:
    """The same for set-up code outside of an event loop."""
    limit = time.monotonic() + within
    while True:
        value = probe()
        if value:
            return value
        assert time.monotonic() < limit, f"{what or 'the condition'} did not come true, last value {value!r}"
        time.sleep(INTERVAL)
