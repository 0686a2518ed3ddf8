"""A process's entries in the ledger of the home database; every home service's worker has these."""

from activities.ledger.contract import ProcessRecord, StepRecord
from activities.steps import Activities, step
from services.contracts.steps import Acknowledged
from services.kit.processes import ledger
from services.kit.running.context import ActorContext


class LedgerActivities(Activities):
    """`db`: the database of the service that is home to the processes."""

    @step("ledger.record_step")
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

    @step("ledger.record_status")
    async def record_status(self, record: ProcessRecord) -> Acknowledged:
        async with self._db.transaction(ActorContext.system(process_id=record.process_id)) as uow:
            await ledger.finish_process(uow, process_id=record.process_id, status=record.status, detail=record.detail)
        return Acknowledged()
