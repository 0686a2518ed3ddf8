"""Upkeep of the kit's tables: the outbox's months are created ahead, and what has served its purpose goes."""

import asyncio
import logging
from datetime import timedelta
from typing import Final

from services.kit.db.database import CONNECTION_ERRORS, Database
from services.kit.running import clock
from services.kit.running.backoff import Backoff, pause
from services.kit.running.context import ActorContext

log = logging.getLogger(__name__)

MONTHS_AHEAD: Final = 3
"""The present month and the two after it."""
UPKEEP_INTERVAL: Final = timedelta(hours=6)
DELIVERED_INTENTS_KEPT: Final = timedelta(days=30)
UPKEEP_BATCH: Final = 5_000
PARTITIONS_LOCK: Final = 7_122_003
"""Advisory lock: one process at a time makes partitions; another that waited finds them made."""
ENSURE_PARTITIONS: Final = "SELECT ensure_outbox_partitions(%s::date, %s)"


async def ensure_partitions(db: Database) -> int:
    """Creates the outbox's coming months; returns how many are new. Rows without one go to the default partition."""
    async with db.transaction(ActorContext.system()) as uow:
        # Creating a partition locks the outbox: rather try again later than let every writer queue behind this.
        await uow.execute("SET LOCAL lock_timeout = '2s'")
        await uow.all("SELECT pg_advisory_xact_lock(%s)", [PARTITIONS_LOCK])
        created: int = await uow.scalar(ENSURE_PARTITIONS, [clock.now().date(), MONTHS_AHEAD])
    return created


async def prune(db: Database) -> int:
    """Deletes one batch each of expired idempotency keys and long delivered intents; returns the number of rows."""
    async with db.transaction(ActorContext.system()) as uow:
        keys = await uow.execute(
            "DELETE FROM idempotency_keys WHERE (caller, route, key) IN"
            " (SELECT caller, route, key FROM idempotency_keys WHERE expires_at < %s LIMIT %s)",
            [clock.now(), UPKEEP_BATCH],
        )
        intents = await uow.execute(
            "DELETE FROM intents WHERE seq IN (SELECT seq FROM intents WHERE delivered_at < %s ORDER BY seq LIMIT %s)",
            [clock.now() - DELIVERED_INTENTS_KEPT, UPKEEP_BATCH],
        )
    return keys + intents


async def keep_up(db: Database, stop: asyncio.Event) -> None:
    """Does both now and then until ``stop`` is set; several processes may do so at once."""
    backoff = Backoff(longest=60.0)
    while not stop.is_set():
        try:
            await ensure_partitions(db)
            while await prune(db) >= UPKEEP_BATCH:
                pass
        except CONNECTION_ERRORS as error:
            log.warning("upkeep is tried again: %s", error, extra={"database": db.name})
            await backoff.pause(stop)
        else:
            backoff.reset()
            await pause(stop, UPKEEP_INTERVAL.total_seconds())
