"""Knowing early that the process is asked to stop.

A server such as uvicorn waits for open responses before it runs the shutdown part of the lifespan, and an event stream
never ends by itself; so the streams are ended when the signal arrives.
"""

from __future__ import annotations

import asyncio
import signal
import threading
from collections.abc import Callable
from types import FrameType

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


def on_stop_signal(callback: Callable[[], None]) -> Callable[[], None]:
    """Call back in the running loop on SIGINT or SIGTERM, before the earlier handlers. Returns how to undo it."""
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    earlier = {number: signal.getsignal(number) for number in _SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(callback)
        previous = earlier[signal.Signals(number)]
        if callable(previous):
            previous(number, frame)

    for number in _SIGNALS:
        if callable(earlier[number]):
            signal.signal(number, handle)

    def undo() -> None:
        for number, previous in earlier.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, previous)

    return undo
