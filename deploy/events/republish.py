"""Publishes events again that the broker has lost or no longer keeps: the outboxes have them all.

Rows are marked as unpublished, a slice at a time, and the relay does the rest; new events go out between two slices.
Consumers drop what they have applied: they remember every event id for ever.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from services.kit.db.database import OUTBOX_CHANNEL, Database
from services.kit.running.context import ActorContext

SLICE: Final = 2_000
"""Rows in one slice: about half a second of the relay's time, for which new events wait."""
POLL_SECONDS: Final = 0.2
SILENCE_SECONDS: Final = 60.0
"""Without a single row published: no relay is at work."""


class NobodyPublishesError(Exception):
    """The relay of the service does not publish what was marked: it stays marked until a relay comes."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Which events: ``since`` <= time of the event < ``until``; of these topics, or all."""

    since: datetime | None = None
    until: datetime | None = None
    topics: Sequence[str] | None = None

    @property
    def parameters(self) -> dict[str, object]:
        return {"since": self.since, "until": self.until, "topics": self.topics and list(self.topics)}


_CHOSEN: Final = (
    " cluster_id IS NOT NULL AND seq <= %(last)s AND (%(since)s::timestamptz IS NULL OR created_at >= %(since)s)"
    " AND (%(until)s::timestamptz IS NULL OR created_at < %(until)s)"
    " AND (%(topics)s::text[] IS NULL OR topic = ANY(%(topics)s))"
)
_COUNT: Final = f"SELECT count(*) AS n, coalesce(max(seq), 0) AS last FROM outbox WHERE{_CHOSEN}"  # noqa: S608
_MARK: Final = (
    "WITH slice AS (SELECT seq, created_at FROM outbox WHERE"  # noqa: S608
    f"{_CHOSEN} AND seq > %(after)s ORDER BY seq LIMIT %(slice)s),"
    " marked AS (UPDATE outbox SET cluster_id = NULL, published_at = NULL FROM slice"
    " WHERE outbox.seq = slice.seq AND outbox.created_at = slice.created_at)"
    " SELECT count(*) AS n, max(seq) AS last FROM slice"
)
_LAST: Final = "SELECT coalesce(max(seq), 0) FROM outbox"


async def republish(db: Database, selection: Selection) -> AsyncIterator[tuple[int, int]]:
    """Yields (published again, all that are to be) after each slice. Those that came after the call are not meant.

    Raises NobodyPublishesError, psycopg's OperationalError.
    """
    async with db.reader() as reader:
        chosen = selection.parameters | {"last": await reader.scalar(_LAST)}
        counted = await reader.one(_COUNT, chosen)
    assert counted is not None  # an aggregate always has a row
    total, after, done = counted["n"], 0, 0
    while True:
        async with db.transaction(ActorContext.system()) as uow:
            slice_ = await uow.one(_MARK, chosen | {"after": after, "slice": SLICE})
            uow.wakes.add(OUTBOX_CHANNEL)
        assert slice_ is not None  # an aggregate always has a row
        if not slice_["n"]:
            return
        after, done = slice_["last"], done + slice_["n"]
        await _published(db, after)
        yield done, max(total, done)


async def _published(db: Database, last: int) -> None:
    """Waits until the relay has sent everything up to the row."""
    loop = asyncio.get_running_loop()
    waiting, heard_at = -1, loop.time()
    while True:
        async with db.reader() as reader:
            left: int = await reader.scalar(
                "SELECT count(*) FROM outbox WHERE cluster_id IS NULL AND seq <= %s", [last]
            )
        if not left:
            return
        if left != waiting:
            waiting, heard_at = left, loop.time()
        elif loop.time() - heard_at > SILENCE_SECONDS:
            raise NobodyPublishesError(f"{db.name}: {left} events wait, and no relay has published any for a minute")
        await asyncio.sleep(POLL_SECONDS)
