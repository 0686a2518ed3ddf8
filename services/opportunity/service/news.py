"""The live stream of requests: who may read one is told that it changed, whatever their part in it, and nobody else.

The news is the outbox, so nothing that changes a request can forget to tell it; who is told is decided by the rule by
which the request is read, at the moment of telling. It says which requests changed, never what: that is read.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from typing import Any, Final
from uuid import UUID

from services.kit.db.database import OUTBOX_CHANNEL, Database, Row
from services.kit.http import live
from services.kit.http.responses import dumps
from services.kit.trust.principal import Principal
from services.opportunity.access import VISIBLE, View, view_of
from services.opportunity.repository import news

OVERLAP_SECONDS: Final = 60.0
"""Longer than a transaction that writes an event lasts: rows get their numbers before they are committed, so one that
comes later may have a lower number than one that is known."""
PAUSE_SECONDS: Final = 1.0
"""Between two messages of one stream, so that many decisions at once are a few messages."""
_PROXY: Final = "proxy."


class Follower(live.Listener):
    """A stream: through whose parts its reader sees requests, and what may have changed for them."""

    def __init__(self, user_id: UUID) -> None:
        super().__init__()
        self._me = user_id
        self._view: View | None = None
        self._changed: set[UUID] = set()
        self._left: set[UUID] = set()
        self._looks_again = False

    def follow(self, view: View) -> None:
        """Whoever stands in for somebody else than before has another list."""
        if self._view is not None and self._view.acts_as != view.acts_as:
            self._looks_again = True
        self._view = view

    def hear(self, approval_id: UUID, parts: set[UUID], before: set[UUID], asked_before: set[UUID]) -> None:
        """``parts``: who has a part in the request; ``before`` and ``asked_before``: who was named in it as approver,
        or asked, in its version before, and so could read it."""
        view = self._view
        if view is None or view.sees_all or not parts.isdisjoint(view.people):
            self._changed.add(approval_id)
        if (view is not None and not before.isdisjoint(view.acts_as)) or self._me in asked_before:
            self._left.add(approval_id)
        if approval_id in self._changed or approval_id in self._left:
            self.woken.set()

    def take(self) -> tuple[set[UUID], set[UUID], bool]:
        """What may have changed, what may have left the reader's sight, and whether they have to look again anyway."""
        taken = self._changed, self._left, self._looks_again
        self._changed, self._left, self._looks_again = set(), set(), False
        return taken


class NewsHub(live.Hub[Follower]):
    """Wakes the streams of those whom an event about a request may concern."""

    def __init__(self, db: Database) -> None:
        super().__init__(db, OUTBOX_CHANNEL, purpose="news")
        self._floor: int | None = None
        self._told: dict[int, float] = {}

    async def look(self) -> None:
        async with self._db.reader() as reader:
            if self._floor is None or not self.users():
                self._floor, self._told = await news.last_seq(reader), {}
                return
            rows = await news.since(reader, self._floor, self._told)
            about = {row["aggregate_id"] for row in rows if not row["event_type"].startswith(_PROXY)}
            parts = await news.participants(reader, about) if about else {}
        for row in rows:
            if row["aggregate_id"] in about:
                self._tell(row, parts.get(row["aggregate_id"], set()))
            else:
                self._wake_stand_ins(row)
        self._remember(row["seq"] for row in rows)

    def _tell(self, row: Row, parts: set[UUID]) -> None:
        before = {UUID(who) for who in row["approvers"]}
        asked = {UUID(who) for who in (*row["asked"], row["consulted_id"]) if who}
        for follower in self.listeners():
            follower.hear(row["aggregate_id"], parts, before, asked)

    def _wake_stand_ins(self, row: Row) -> None:
        """Their streams find out by themselves whom they stand in for now."""
        for who in (row["from_id"], row["to_id"], row["previous_to_id"]):
            if who is not None:
                self.wake(UUID(who))

    def _remember(self, numbers: Iterable[int]) -> None:
        now = asyncio.get_running_loop().time()
        self._told |= dict.fromkeys(numbers, now)
        over = [number for number, at in self._told.items() if at < now - OVERLAP_SECONDS]
        self._floor = max([self._floor or 0, *over])
        self._told = {number: at for number, at in self._told.items() if number > self._floor}


async def events(
    db: Database, hub: NewsHub, principal: Principal, still_allowed: Callable[[], Awaitable[Any]]
) -> AsyncIterator[bytes]:
    """Server-sent events: ``changed`` with the ``ids`` of requests; ``others`` says that something may have left the
    reader's lists, or come into them, that has no id here.

    ``still_allowed`` raises a problem once the caller's token is no good.
    """
    with hub.subscribed(principal.user_id, Follower(principal.user_id)) as follower:
        async with db.reader() as reader:
            follower.follow(await view_of(reader, principal))
        yield live.RETRY
        while not hub.stopping.is_set():
            follower.woken.clear()
            async with db.reader() as reader:
                view = await view_of(reader, principal)
                follower.follow(view)
                changed, left, again = follower.take()
                seen = await news.visible(reader, changed | left, VISIBLE, view.params)
            others = again or bool(left - seen)
            if seen or others:
                yield b"event: changed\ndata: %s\n\n" % dumps({"ids": sorted(seen), "others": others})
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(PAUSE_SECONDS):
                        await hub.stopping.wait()
            sent = await live.heartbeat(follower, still_allowed)
            if sent is None:
                return
            if sent:
                yield sent
