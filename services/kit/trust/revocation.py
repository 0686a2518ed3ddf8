"""Sessions and tokens that ended early. Every process polls them, as Kafka may lag and sign-outs must not."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.kit.errors import Text, Unauthorized, Unavailable
from services.kit.models import ResponseModel
from services.kit.running import clock, tasks
from services.kit.running.logging import get_logger
from services.kit.running.metrics import REVOCATION_AGE, TOKENS_REFUSED
from services.kit.trust.principal import Principal

POLL_SECONDS: Final = 2.0
FIRST_POLL_RETRY_SECONDS: Final = 0.2
MAX_AGE_SECONDS: Final = 30.0
"""An older feed could hide a revocation: tokens are refused (503) rather than believed."""
OVERLAP: Final = timedelta(seconds=60)
"""Transactions commit out of order, so each poll asks again for the last minute."""

_log = get_logger("revocations")


class Revocation(ResponseModel):
    """Either a session that ended, or a time before which a user's access tokens no longer count."""

    session_id: UUID | None = None
    user_id: UUID | None = None
    not_before: datetime | None = None
    expires_at: datetime
    """From then on no token lives that this entry could concern."""


class RevocationBatch(ResponseModel):
    as_of: datetime
    entries: list[Revocation]


Fetch = Callable[[datetime | None], Awaitable[RevocationBatch]]


class RevocationFeed:
    """What this process knows of revocations; ``fetch(since)`` asks the issuer."""

    def __init__(self, fetch: Fetch) -> None:
        self._fetch = fetch
        self._sessions: dict[UUID, float] = {}
        self._users: dict[UUID, tuple[float, float]] = {}
        self._since: datetime | None = None
        self._read_at: float | None = None
        self._task: asyncio.Task[None] | None = None

    def check(self, principal: Principal) -> None:
        """Raises Unauthorized for a revoked token, Unavailable when the feed is too old to tell."""
        if self._read_at is None or time.monotonic() - self._read_at > MAX_AGE_SECONDS:
            raise Unavailable(Text("セッションの状態を確認できません", "Sessions can't be checked right now"))
        if principal.session_id in self._sessions:
            TOKENS_REFUSED.labels("session_revoked").inc()
            raise Unauthorized(Text("セッションは終了しています", "This session has ended"))
        entry = self._users.get(principal.user_id)
        if entry is not None and principal.issued_at < entry[0]:
            TOKENS_REFUSED.labels("user_revoked").inc()
            raise Unauthorized(Text("もう一度サインインしてください", "Sign in again"))

    def apply(self, entries: Sequence[Revocation]) -> None:
        """Take over entries at once; the issuer itself does so as soon as it has committed them."""
        for entry in entries:
            expires = entry.expires_at.timestamp()
            if entry.session_id is not None:
                self._sessions[entry.session_id] = expires
            if entry.user_id is not None and entry.not_before is not None:
                not_before = entry.not_before.timestamp()
                known = self._users.get(entry.user_id)
                if known is None or known[0] < not_before:
                    self._users[entry.user_id] = (not_before, expires)

    async def poll(self) -> None:
        """Read once; raises what the fetch raises."""
        batch = await self._fetch(None if self._since is None else self._since - OVERLAP)
        self.apply(batch.entries)
        self._since = batch.as_of
        self._read_at = time.monotonic()
        self._forget_expired()

    async def poll_soon(self) -> None:
        """Read now, because something was just revoked here; if that fails, the next regular poll brings it."""
        try:
            await self.poll()
        except Exception as error:  # what was revoked is committed: the answer must not say otherwise
            _log.warning("revocations not read", error=repr(error))

    def _forget_expired(self) -> None:
        present = clock.now().timestamp()
        for session in [key for key, expires in self._sessions.items() if expires < present]:
            del self._sessions[session]
        for user in [key for key, (_, expires) in self._users.items() if expires < present]:
            del self._users[user]

    async def start(self) -> None:
        """Poll in the background until stop(); the first answer is not waited for."""
        self._task = asyncio.create_task(self._run(), name="revocation-feed")

    async def stop(self) -> None:
        if self._task is not None:
            await tasks.end(self._task)

    async def _run(self) -> None:
        failing = False
        while True:
            try:
                await self.poll()
                failing = False
            except Exception as error:  # the feed goes stale, and check() then refuses
                if not failing:
                    _log.warning("revocations not read", error=repr(error))
                failing = True
            if self._read_at is not None:
                REVOCATION_AGE.set(time.monotonic() - self._read_at)
            await asyncio.sleep(FIRST_POLL_RETRY_SECONDS if self._read_at is None else POLL_SECONDS)
