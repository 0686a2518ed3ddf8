"""The diary's entries in the ledger of the home database; every home service's worker has these."""

from collections.abc import Callable
from typing import Any

from temporalio import activity

from activities.ledger.contract import ProcessRecord, StepRecord
from services.contracts.steps import Acknowledged
from services.kit.db.database import Database
from services.kit.processes import ledger
from services.kit.processes.activity_edge import business_errors
from services.kit.running.context import ActorContext


class LedgerActivities:
    """`db`: the database of the service that is home to the processes."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> list[Callable[..., Any]]:
        return [self.record_step, self.record_status]

    @activity.defn(name="ledger.record_step")
    @business_errors
    async def record_step(self, record: StepRecord) -> Acknowledged:
        async with self._db.transaction(ActorContext.system(process_id=record.process_id)) as uow:
            await ledger.record_step(
                uow,
                process_id=record.process_id,
                step=record.step,
                status=record.status,
                done=record.done,
                total=record.total,
                detail=record.detail,
            )
        return Acknowledged()

    @activity.defn(name="ledger.record_status")
    @business_errors
    async def record_status(self, record: ProcessRecord) -> Acknowledged:
        async with self._db.transaction(ActorContext.system(process_id=record.process_id)) as uow:
            await ledger.finish_process(uow, process_id=record.process_id, status=record.status, detail=record.detail)
        return Acknowledged()
