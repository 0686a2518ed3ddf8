"""The one source of "now", so that tests and the seeding of a past can travel in time."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Final

MAX_SKEW: Final = timedelta(minutes=5)
"""So far may the clocks of two machines be from each other."""

_offset = timedelta(0)


def now() -> datetime:
    """The present instant, aware, in UTC."""
    return datetime.now(UTC) + _offset


@contextmanager
def travel(delta: timedelta | None = None, *, at: datetime | None = None) -> Iterator[None]:
    """Shifts the clock of this process by ``delta``, or so that it is ``at`` now. It goes on ticking.

    For tests and for seeding: it moves every task of this process, so no server may run in it.
    """
    global _offset
    before = _offset
    if at is not None:
        _offset = at - datetime.now(UTC)
    if delta is not None:
        _offset += delta
    try:
        yield
    finally:
        _offset = before
