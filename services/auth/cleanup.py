"""Housekeeping: sessions, revocations, throttle windows and stored answers that concern nobody any more."""

import asyncio
import contextlib
from datetime import timedelta
from typing import Final

from services.auth.repository import sessions, throttle, verifications
from services.kit.db.database import Database
from services.kit.http import idempotency
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.logging import get_logger

INTERVAL: Final = timedelta(hours=1)
KEPT_FOR: Final = timedelta(days=1)
"""What is over stays a day longer, for whoever looks into an incident."""
_log = get_logger("auth-cleanup")


async def clean_up(db: Database) -> None:
    """One round."""
    before = clock.now() - KEPT_FOR
    async with db.transaction(ActorContext.system()) as uow:
        await sessions.forget(uow, before)
        await throttle.forget(uow, before)
        await verifications.forget(uow, before)
        await idempotency.delete_expired(uow)


async def keep_clean(db: Database, stop: asyncio.Event) -> None:
    """A round an hour until ``stop`` is set."""
    while not stop.is_set():
        try:
            await clean_up(db)
        except Exception as error:  # the database may be away; the next round does it
            _log.warning("not cleaned up", error=repr(error))
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), INTERVAL.total_seconds())
