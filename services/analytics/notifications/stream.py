"""The live stream: it tells of notifications when they are made, and of the count of those that are unread."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from services.analytics.notifications import repository
from services.analytics.notifications.make import NOTIFICATIONS_CHANNEL
from services.analytics.notifications.views import view
from services.kit.db.database import Database
from services.kit.http import live
from services.kit.http.live import Listener
from services.kit.http.responses import dumps

CATCH_UP: Final = 200
"""So many missed notifications are sent at most; whoever was away longer reads the list."""


class NotificationHub(live.Hub[Listener]):
    """Wakes the streams of those for whom something was made."""

    def __init__(self, db: Database) -> None:
        super().__init__(db, NOTIFICATIONS_CHANNEL, purpose=NOTIFICATIONS_CHANNEL)
        self._seen = 0

    async def look(self) -> None:
        async with self._db.reader() as reader:
            if self._seen == 0:
                self._seen = await repository.last_seq(reader)
                recipients = self.users()
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
    with hub.subscribed(recipient, Listener()) as listener:
        async with db.reader() as reader:
            last = await repository.last_seq(reader) if after is None else after
        yield live.RETRY
        told: int | None = None
        while not hub.stopping.is_set():
            listener.woken.clear()
            async with db.reader() as reader:
                rows = await repository.since(reader, recipient, last, CATCH_UP)
                unread = await repository.unread_count(reader, recipient)
            for row in rows:
                last = row["seq"]
                yield b"event: notification\nid: %d\ndata: %s\n\n" % (last, dumps(view(row, locale)))
            if unread != told:
                told = unread
                yield b"event: unread\ndata: %s\n\n" % dumps({"count": unread})
            sent = await live.heartbeat(listener, still_allowed)
            if sent is None:
                return
            if sent:
                yield sent
