"""A process's entries in the ledger of the home database; every home service's worker has these."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from temporalio import activity
from temporalio.client import Client

from activities.ledger.contract import (
    EndedProcesses,
    KnownProcess,
    ProcessRecord,
    ProcessReference,
    StepRecord,
    Turned,
    Turning,
)
from activities.steps import Activities, step
from services.contracts.steps import Acknowledged, SweepResult
from services.kit.db.database import Database
from services.kit.processes import ledger
from services.kit.processes.reconciling import reconcile
from services.kit.processes.steps import forget
from services.kit.running import clock
from services.kit.running.context import ActorContext

STEPS_KEPT: Final = timedelta(days=30)
"""After the end of their process: longer than any call of a step, or any run that was given up, may still be about."""
FORGOTTEN_AT_ONCE: Final = 200

Heartbeat = Callable[..., None]


class StepRecords(Activities):
    """Belongs to every worker that serves steps, whoever is home to the processes."""

    @step("steps.forget")
    async def forget_steps(self, processes: EndedProcesses) -> Acknowledged:
        async with self._db.transaction(ActorContext.system()) as uow:
            await forget(uow, processes.process_ids)
        return Acknowledged()


class LedgerActivities(Activities):
    """`db`: the database of the service that is home to the processes. `also`: what this service compares besides."""

    def __init__(
        self,
        db: Database,
        temporal: Client,
        also: Callable[[Database, Client, Heartbeat], Awaitable[int]] | None = None,
    ) -> None:
        super().__init__(db)
        self._temporal = temporal
        self._also = also

    @step("ledger.reconcile_processes")
    async def reconcile_processes(self) -> SweepResult:
        found = await reconcile(self._db, self._temporal, activity.heartbeat)
        if self._also is not None:
            found += await self._also(self._db, self._temporal, activity.heartbeat)
        return SweepResult(found=found)

    @step("ledger.ended_long_ago")
    async def ended_long_ago(self) -> EndedProcesses:
        async with self._db.reader() as reader:
            before = clock.now() - STEPS_KEPT
            return EndedProcesses(process_ids=await ledger.ended_before(reader, before, FORGOTTEN_AT_ONCE))

    @step("ledger.steps_forgotten")
    async def steps_forgotten(self, processes: EndedProcesses) -> Acknowledged:
        async with self._db.transaction(ActorContext.system()) as uow:
            await ledger.steps_forgotten(uow, processes.process_ids)
        return Acknowledged()

    @step("ledger.load_process")
    async def load_process(self, process: ProcessReference) -> KnownProcess:
        async with self._db.reader() as reader:
            return KnownProcess.model_validate(await ledger.known(reader, process.process_id))

    @step("ledger.turn_back")
    async def turn_back(self, turning: Turning) -> Turned:
        async with self._db.transaction(ActorContext.system(process_id=turning.process_id)) as uow:
            return Turned(decided=not await ledger.turn_back(uow, turning.process_id, turning.reason))

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
