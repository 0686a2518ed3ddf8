"""Runs of the purge: slice by slice, with a cursor that outlives whoever works on it."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

from services.kit.db.database import Database
from services.kit.files.storage import Storage
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.opportunity.repository import purging
from services.opportunity.service import firm_settings
from services.opportunity.service.purging import finish, purge

SLICE: Final = 50
"""Requests of one call."""


async def purge_slice(db: Database, storage: Storage, run_id: UUID, heartbeat: Callable[..., None]) -> tuple[int, int]:
    """Requests of which files were deleted, and how many are left at least (0: the run has ended).

    What an earlier run left unfinished comes first. A repeat goes on where the first try stopped.
    """
    async with db.transaction(ActorContext.system()) as uow:
        run = await purging.open_run(uow, run_id, clock.now())
        left_over = await purging.unfinished(uow)
    if run["finished_at"] is not None:
        return 0, 0
    done = 0
    for approval_id in left_over:
        done += await finish(db, storage, approval_id, run_id, heartbeat) > 0
    async with db.reader() as reader:
        terms = await firm_settings.terms(reader)
        due = await purging.due(reader, terms, clock.now(), after=run["after_id"], limit=SLICE)
    for approval_id in due:
        done += await purge(db, storage, approval_id, run_id, heartbeat) > 0
    async with db.transaction(ActorContext.system()) as uow:
        if len(due) == SLICE:
            await purging.go_on_after(uow, run_id, due[-1])
            return done, 1
        await purging.finish_run(uow, run_id, clock.now())
    return done, 0
