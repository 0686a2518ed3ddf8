"""Deleting files whose time has passed, as the opportunity worker does it where a place for files is configured."""

from temporalio import activity

from activities.steps import Activities, step
from services.contracts.processes import PurgeInput
from services.contracts.steps import SliceResult
from services.kit.db.database import Database
from services.kit.files.storage import Storage
from services.opportunity.service.purge_runs import purge_slice


class PurgeActivities(Activities):
    """``storage``: None where none is configured; there are no files to delete then."""

    def __init__(self, db: Database, storage: Storage | None) -> None:
        super().__init__(db)
        self._storage = storage

    @step("opportunity.purge_files")
    async def purge_files(self, call: PurgeInput) -> SliceResult:
        if self._storage is None:
            return SliceResult(done=0, remaining=0)
        done, remaining = await purge_slice(self._db, self._storage, call.run_id, activity.heartbeat)
        return SliceResult(done=done, remaining=remaining)
