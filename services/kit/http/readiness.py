"""Whether a service can do its work: read, and write."""

import asyncio
import time
from typing import Final

import psycopg
import psycopg_pool

from services.kit.db.database import Database
from services.kit.errors import Text, Unavailable
from services.kit.running.context import ActorContext

PATIENCE_SECONDS: Final = 2.0
"""For a connection of each kind and its answer; the gateway waits three."""
FRESH_SECONDS: Final = 1.0
"""However often it is asked, the database is asked once in this time."""
_AWAY: Final = (psycopg.Error, psycopg_pool.PoolTimeout, psycopg_pool.PoolClosed, TimeoutError, OSError)


class Readiness:
    def __init__(self, db: Database) -> None:
        self._db = db
        self._asking = asyncio.Lock()
        self._asked_at = float("-inf")
        self._missing = ""

    async def check(self) -> None:
        """Raises Unavailable while reads or writes would be refused."""
        async with self._asking:
            if time.monotonic() - self._asked_at > FRESH_SECONDS:
                self._missing = await self._look()
                self._asked_at = time.monotonic()
        if self._missing:
            raise Unavailable(Text("データベースを利用できません", f"The database does not take {self._missing}"))

    async def _look(self) -> str:
        reads, writes = await asyncio.gather(self._reads(), self._writes())
        return " and ".join(kind for kind, works in (("reads", reads), ("writes", writes)) if not works)

    async def _reads(self) -> bool:
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._db.reader() as reader:
                await reader.scalar("SELECT 1")
        except _AWAY:
            return False
        return True

    async def _writes(self) -> bool:
        """A connection of the pool that writes use: all may be taken, or the server may be a standby by now."""
        try:
            async with asyncio.timeout(PATIENCE_SECONDS), self._db.transaction(ActorContext(None)) as uow:
                return bool(await uow.scalar("SELECT current_setting('transaction_read_only') = 'off'"))
        except _AWAY:
            return False
