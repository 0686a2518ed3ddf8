"""Whether the shell can do its work: it finds sessions. What stands behind the gateway is the gateway's to tell."""

from __future__ import annotations

import asyncio
import sqlite3
import time

from redis.exceptions import RedisError

from frontend.shell.sessions import Sessions, SessionStore

FRESH_SECONDS = 1.0
"""However often it is asked, the store is asked once in this time."""
PATIENCE_SECONDS = 2.0
NOBODY = Sessions.digest("")
_AWAY = (RedisError, sqlite3.Error, OSError, TimeoutError)


class Readiness:
    def __init__(self, store: SessionStore) -> None:
        self._store = store
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._ready = False

    async def get(self) -> bool:
        async with self._asking:
            if time.monotonic() - self._asked_at > FRESH_SECONDS:
                self._ready = await self._look()
                self._asked_at = time.monotonic()
        return self._ready

    async def _look(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                await self._store.load(NOBODY)
        except _AWAY:
            return False
        return True
