"""Tells long answers that the server is about to stop.

A server that is asked to stop waits until all answers are sent before it runs the app's shutdown. An answer that has
no end of its own (server-sent events) must therefore learn of it from the signal itself.
"""

import asyncio
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def at_first_signal(action: Callable[[], None]) -> Iterator[None]:
    """While entered, SIGTERM and SIGINT also call ``action`` on the running loop; the server's own handler goes first.

    To be entered on the main thread, when the server has installed its handlers (uvicorn does before the lifespan
    starts). Elsewhere, as in tests, there are no signals to hear and nothing happens.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = asyncio.get_running_loop()
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(action)
        earlier = before[signal.Signals(number)]
        if callable(earlier):
            earlier(number, frame)
        elif earlier == signal.SIG_DFL:
            signal.signal(number, signal.SIG_DFL)
            signal.raise_signal(number)

    for number in STOP_SIGNALS:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, earlier in before.items():
            if signal.getsignal(number) is handle:
                signal.signal(number, earlier)
