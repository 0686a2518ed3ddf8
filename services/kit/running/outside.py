"""What a transaction needs and must not wait for while it holds a connection."""

from collections.abc import Awaitable, Callable
from typing import Final

MAX_REPEATS: Final = 8
"""How often a transaction may ask for something outside of it before it counts as failed."""


class OutsideFirst(Exception):
    """Raised in a transaction for what has to be awaited without its connection: a call to another service.

    The edges (``ServiceRoute`` and ``business_errors``) roll back, give the connection back, await ``work``, and run
    the whole transaction again, up to ``MAX_REPEATS`` times.
    """

    def __init__(self, work: Callable[[], Awaitable[None]]) -> None:
        super().__init__("something outside of the transaction has to be done first")
        self.work = work
