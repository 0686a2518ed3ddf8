"""Streams of server-sent events that wait for news in the database: one listening connection a process wakes them all.

A stream holds no database connection while it waits. It ends by itself when its token does, and promptly at shutdown.
"""

import asyncio
import contextlib
import logging
from abc import ABC, abstractmethod
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final, Generic, TypeVar
from uuid import UUID

import psycopg
from starlette.requests import Request
from starlette.responses import StreamingResponse

from services.kit.db.database import Database
from services.kit.errors import ProblemError, Text, TooManyRequests
from services.kit.http.dependencies import bearer_token
from services.kit.http.shutdown import at_first_signal
from services.kit.running import tasks

log = logging.getLogger(__name__)

HEARTBEAT_SECONDS: Final = 15.0
"""Shorter than the idle timeouts of usual proxies; also how soon a revoked token ends its stream."""
RECONNECT_SECONDS: Final = 1.0
SILENCE_SECONDS: Final = 15.0
"""After so long without a notification the listening connection has to show that it still lives."""
CLIENT_RETRY_MILLISECONDS: Final = 3_000
RETRY: Final = f"retry: {CLIENT_RETRY_MILLISECONDS}\n\n".encode()
HEARTBEAT: Final = b": still here\n\n"
MAX_STREAMS: Final = 10
"""Open streams of one user: tabs and devices."""


class Listener:
    """One open stream, as the hub sees it."""

    def __init__(self) -> None:
        self.woken = asyncio.Event()


ListenerT = TypeVar("ListenerT", bound=Listener)


class Hub(ABC, Generic[ListenerT]):
    """Knows who listens in this process, and wakes them.

    ``channel``: PostgreSQL's LISTEN/NOTIFY channel that says that there may be news.
    """

    def __init__(self, db: Database, channel: str, *, purpose: str) -> None:
        self._db = db
        self._channel = channel
        self._purpose = purpose
        self._streams: dict[UUID, set[ListenerT]] = defaultdict(set)
        self._task: asyncio.Task[None] | None = None
        self.stopping = asyncio.Event()

    @abstractmethod
    async def look(self) -> None:
        """Look for news and wake whom they concern: at first, when the channel says so, and after a silence."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        await self.start()
        try:
            with at_first_signal(self.end_streams):
                yield
        finally:
            await self.stop()

    async def start(self) -> None:
        self._task = asyncio.create_task(self._listen(), name=f"{self._purpose}-listener")

    async def stop(self) -> None:
        self.end_streams()
        if self._task is not None:
            await tasks.end(self._task)

    def end_streams(self) -> None:
        """At the first sign of a shutdown: a server waits for its open answers before anything else."""
        self.stopping.set()
        for listener in self.listeners():
            listener.woken.set()

    def listeners(self) -> Iterator[ListenerT]:
        for streams in self._streams.values():
            yield from streams

    def users(self) -> list[UUID]:
        return list(self._streams)

    def wake(self, user_id: UUID) -> None:
        for listener in self._streams.get(user_id, ()):
            listener.woken.set()

    @contextlib.contextmanager
    def subscribed(self, user_id: UUID, listener: ListenerT) -> Iterator[ListenerT]:
        """The listener is woken whenever there may be something new."""
        streams = self._streams[user_id]
        streams.add(listener)
        try:
            yield listener
        finally:
            streams.discard(listener)
            if not streams:
                self._streams.pop(user_id, None)

    def check_room(self, user_id: UUID) -> None:
        """Raises TooManyRequests if the user has as many open streams as they may."""
        if len(self._streams.get(user_id, ())) >= MAX_STREAMS:
            text = Text("同時に開けるストリームの上限です", f"At most {MAX_STREAMS} open streams")
            raise TooManyRequests(int(HEARTBEAT_SECONDS), text)

    async def _listen(self) -> None:
        while not self.stopping.is_set():
            try:
                async with self._db.dedicated(self._purpose) as connection:
                    await connection.execute(f"LISTEN {self._channel}")
                    while True:
                        await self.look()
                        async for _ in connection.notifies(timeout=SILENCE_SECONDS, stop_after=1):
                            pass
                        await connection.execute("SELECT 1")
            except psycopg.Error as error:
                log.warning("%s listener: %s", self._purpose, error)
            await asyncio.sleep(RECONNECT_SECONDS)


async def heartbeat(listener: Listener, still_allowed: Callable[[], Awaitable[Any]]) -> bytes | None:
    """Waits for news, not longer than a proxy bears silence: what to send meanwhile, nothing if there is news, and None
    when the stream is over because the caller's token is."""
    sent = b""
    try:
        async with asyncio.timeout(HEARTBEAT_SECONDS):
            await listener.woken.wait()
    except TimeoutError:
        sent = HEARTBEAT
    try:
        await still_allowed()
    except ProblemError:
        return None
    return sent


def stream_answer(body: AsyncIterator[bytes]) -> StreamingResponse:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    return StreamingResponse(body, media_type="text/event-stream", headers=headers)


def token_check(request: Request) -> Callable[[], Awaitable[None]]:
    """Raises a problem once the token that the request came with is no good."""
    token = bearer_token(request) or ""
    kit = request.app.state.kit

    async def still_allowed() -> None:
        await kit.verifier.verify(token)

    return still_allowed
