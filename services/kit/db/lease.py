"""Being the only one: a session-level advisory lock on a connection of its own, which also brings notifications.

The server ends a session that says nothing for LEASE_SECONDS, so a process that is stopped (SIGSTOP, a suspended
machine) loses its lease to another one; when it goes on, ``check`` tells it so before it does any harm.
"""

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Final

import psycopg

from services.kit.db.database import CONNECTION_ERRORS, Connection, Database
from services.kit.running import tasks

log = logging.getLogger(__name__)

LEASE_SECONDS: Final = 15
HEARTBEAT_SECONDS: Final = 3.0
RETRY_SECONDS: Final = 1.0
"""How often one who waits asks whether the lease is free."""


class LeaseLostError(psycopg.OperationalError):
    """Somebody else may be at work by now. An operational error: start again, from what the database says."""


def lock_key(name: str) -> int:
    """A stable 64-bit key; PostgreSQL scopes advisory locks to the database."""
    return int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)


class Bell:
    """Wakes one loop. A ring while the loop is busy is not lost: the next wait returns at once."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        self._rung.set()

    async def wait(self, seconds: float) -> None:
        """Until the next ring, but not longer than the given time."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._rung.wait(), seconds)
        self._rung.clear()


class Lease:
    """Held while its connection lives. Each ``bell`` rings at a notification on the channel, and at the loss."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._bells: list[Bell] = []
        self._alive_until = asyncio.get_running_loop().time() + LEASE_SECONDS
        self._lost: BaseException | None = None

    def check(self) -> None:
        """Raises LeaseLostError unless the server has lately confirmed the lease."""
        if self._lost is not None:
            raise LeaseLostError(f"lease {self.name}: {self._lost}")
        if asyncio.get_running_loop().time() > self._alive_until:
            raise LeaseLostError(f"lease {self.name} was not confirmed for {LEASE_SECONDS} s")

    def bell(self) -> Bell:
        """For one loop that waits for notifications."""
        bell = Bell()
        self._bells.append(bell)
        return bell

    def ring(self) -> None:
        """As a notification would, for the loops of this process only."""
        for bell in self._bells:
            bell.ring()

    async def listen(self, connection: Connection) -> None:
        """Runs beside the holder: takes notifications and keeps the session from falling silent."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                async for _ in connection.notifies(timeout=HEARTBEAT_SECONDS, stop_after=1):
                    self.ring()
                sent_at = loop.time()
                await connection.execute("SELECT 1")
                self._alive_until = sent_at + LEASE_SECONDS
        except CONNECTION_ERRORS as error:
            self._lost = error
            self.ring()


@asynccontextmanager
async def hold_lease(
    db: Database, name: str, stop: asyncio.Event, *, channel: str | None = None
) -> AsyncIterator[Lease | None]:
    """Waits until the lease is free and holds it; None if ``stop`` came first. Raises CONNECTION_ERRORS.

    Whoever waits for an answer that does not come raises TimeoutError (an OSError), holder and candidate alike: behind
    a dead connection that nobody has closed, the lease would never be taken over.
    """
    async with db.dedicated(name, idle_session_timeout=f"{LEASE_SECONDS}s") as connection:
        while not await _try_lock(connection, name):
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), RETRY_SECONDS)
            if stop.is_set():
                yield None
                return
        if channel is not None:
            async with asyncio.timeout(LEASE_SECONDS):
                await connection.execute(f"LISTEN {channel}")
        lease = Lease(name)
        listener = asyncio.create_task(lease.listen(connection), name=f"lease-{name}")
        log.info("lease taken", extra={"lease": name, "database": db.name})
        try:
            yield lease
        finally:
            await tasks.end(listener)


async def _try_lock(connection: Connection, name: str) -> bool:
    async with asyncio.timeout(LEASE_SECONDS):
        cursor = await connection.execute("SELECT pg_try_advisory_lock(%s) AS locked", [lock_key(name)])
        row = await cursor.fetchone()
    return row is not None and bool(row["locked"])
