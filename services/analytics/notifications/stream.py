"""The live stream: one listening connection a process wakes the streams of those for whom something was made.

A stream holds no database connection while it waits. It ends by itself when its token does, and promptly at shutdown.
"""

import asyncio
import contextlib
import logging
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final
from uuid import UUID

import psycopg

from services.analytics.errors import too_many_streams
from services.analytics.notifications import repository
from services.analytics.notifications.make import NOTIFICATIONS_CHANNEL
from services.analytics.notifications.views import view
from services.kit.db.database import Database
from services.kit.errors import ProblemError
from services.kit.http.responses import dumps
from services.kit.running import tasks

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 15.0
"""Shorter than the idle timeouts of usual proxies; also how soon a revoked token ends its stream."""
RECONNECT_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 15.0
"""After so long without a notification the listening connection has to show that it still lives."""
CLIENT_RETRY_MILLISECONDS: Final = 3_000
CATCH_UP: Final = 200
"""So many missed notifications are sent at most; whoever was away longer reads the list."""
MAX_STREAMS: Final = 10
"""Open streams of one user: tabs and devices."""


class NotificationHub:
    """Knows who listens in this process, and wakes them."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._streams: dict[UUID, set[asyncio.Event]] = defaultdict(set)
        self._listener: asyncio.Task[None] | None = None
        self._seen = 0
        self.stopping = asyncio.Event()

    async def start(self) -> None:
        self._listener = asyncio.create_task(self._listen(), name="notification-listener")

    async def stop(self) -> None:
        self.end_streams()
        if self._listener is not None:
            await tasks.end(self._listener)

    def end_streams(self) -> None:
        """At the first sign of a shutdown: a server waits for its open answers before anything else."""
        self.stopping.set()
        for streams in self._streams.values():
            for woken in streams:
                woken.set()

    def wake(self, recipient: UUID) -> None:
        for woken in self._streams.get(recipient, ()):
            woken.set()

    def check_room(self, recipient: UUID) -> None:
        """Raises TooManyRequests if the user has as many open streams as they may."""
        if len(self._streams.get(recipient, ())) >= MAX_STREAMS:
            raise too_many_streams(MAX_STREAMS, retry_after=int(HEARTBEAT_SECONDS))

    @contextlib.contextmanager
    def subscribed(self, recipient: UUID) -> Iterator[asyncio.Event]:
        """An event that is set whenever there may be something new."""
        streams = self._streams[recipient]
        woken = asyncio.Event()
        streams.add(woken)
        try:
            yield woken
        finally:
            streams.discard(woken)
            if not streams:
                self._streams.pop(recipient, None)

    async def _listen(self) -> None:
        while not self.stopping.is_set():
            try:
                async with self._db.dedicated(NOTIFICATIONS_CHANNEL) as connection:
                    await connection.execute(f"LISTEN {NOTIFICATIONS_CHANNEL}")
                    while True:
                        await self._wake_those_concerned()
                        async for _ in connection.notifies(timeout=SILENCE_SECONDS, stop_after=1):
                            pass
                        await connection.execute("SELECT 1")
            except psycopg.Error as error:
                log.warning("notification listener: %s", error)
            await asyncio.sleep(RECONNECT_SECONDS)

    async def _wake_those_concerned(self) -> None:
        async with self._db.reader() as reader:
            if self._seen == 0:
                self._seen = await repository.last_seq(reader)
                recipients = list(self._streams)
            else:
                self._seen, recipients = await repository.recipients_since(reader, self._seen)
        for recipient in recipients:
            self.wake(recipient)


async def events(
    db: Database,
    hub: NotificationHub,
    recipient: UUID,
    locale: str,
    after: int | None,
    still_allowed: Callable[[], Awaitable[Any]],
) -> AsyncIterator[bytes]:
    """Server-sent events: ``notification`` with a notification, ``unread`` with the count; ids resume a cut stream.

    ``after``: the last id that the client got. ``still_allowed`` raises a problem once the caller's token is no good.
    """
    with hub.subscribed(recipient) as woken:
        async with db.reader() as reader:
            last = await repository.last_seq(reader) if after is None else after
        yield f"retry: {CLIENT_RETRY_MILLISECONDS}\n\n".encode()
        told: int | None = None
        while not hub.stopping.is_set():
            woken.clear()
            async with db.reader() as reader:
                rows = await repository.since(reader, recipient, last, CATCH_UP)
                unread = await repository.unread_count(reader, recipient)
            for row in rows:
                last = row["seq"]
                yield b"event: notification\nid: %d\ndata: %s\n\n" % (last, dumps(view(row, locale)))
            if unread != told:
                told = unread
                yield b"event: unread\ndata: %s\n\n" % dumps({"count": unread})
            try:
                async with asyncio.timeout(HEARTBEAT_SECONDS):
                    await woken.wait()
            except TimeoutError:
                yield b": still here\n\n"
            try:
                await still_allowed()
            except ProblemError:
                return
