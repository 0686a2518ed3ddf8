"""The steps of the contract as the sales activity worker runs them."""

from temporalio import activity
from temporalio.client import Client

from activities.sales_activity.contract import ReconcileResult, TimerState
from activities.steps import Activities, step
from services.contracts.processes import TaskDueInput
from services.contracts.steps import (
    Acknowledged,
    ProcessStep,
    ReassignStep,
    RestoreStep,
    ReturnStep,
    SliceResult,
    SweepResult,
)
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.processes import fences
from services.kit.processes.steps import ROWS_PER_TRANSACTION
from services.kit.running.context import ActorContext
from services.sales_activity.record import TaskRecord
from services.sales_activity.references import Directory
from services.sales_activity.service import cascade, handover, timers
from services.sales_activity.service.reconcile import reconcile


class SalesActivityActivities(Activities):
    """`temporal` is needed only to compare timers with tasks."""

    def __init__(self, db: Database, directory: Directory, temporal: Client) -> None:
        super().__init__(db)
        self._directory = directory
        self._temporal = temporal

    # Customer deletion and restoration ------------------------------------------------------------

    @step("sales_activity.fence_customer")
    async def fence_customer(self, call: ProcessStep) -> SliceResult:
        async def fence(uow: UnitOfWork, call: ProcessStep) -> SliceResult:
            await self._directory.ensure_customer(uow, call.resource_id)
            await fences.block(uow, "customer_copies", call.resource_id, call.process_id)
            return SliceResult(done=0, remaining=await cascade.live(uow, call.resource_id))

        return await self._once("fence_customer", call, SliceResult, fence)

    @step("sales_activity.hide_activities")
    async def hide_activities(self, call: ProcessStep) -> SliceResult:
        return await self._slice(
            "hide_activities",
            call,
            lambda uow: cascade.hide(uow, call.resource_id, call.process_id, ROWS_PER_TRANSACTION),
            lambda reader: cascade.live(reader, call.resource_id),
        )

    @step("sales_activity.reveal_activities")
    async def reveal_activities(self, call: ProcessStep) -> SliceResult:
        return await self._slice(
            "reveal_activities",
            call,
            lambda uow: cascade.reveal(uow, call.process_id, ROWS_PER_TRANSACTION),
            lambda reader: cascade.still_hidden(reader, call.process_id),
        )

    @step("sales_activity.unfence_customer")
    async def unfence_customer(self, call: ProcessStep) -> Acknowledged:
        async with self._transaction(call) as uow:
            await fences.unblock(uow, "customer_copies", call.resource_id, call.process_id)
        return Acknowledged()

    @step("sales_activity.sweep_customer")
    async def sweep_customer(self, call: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await cascade.live(reader, call.resource_id))

    @step("sales_activity.restore_activities")
    async def restore_activities(self, call: RestoreStep) -> SliceResult:
        return await self._slice(
            "restore_activities",
            call,
            lambda uow: cascade.reveal(uow, call.deletion_process_id, ROWS_PER_TRANSACTION),
            lambda reader: cascade.still_hidden(reader, call.deletion_process_id),
        )

    @step("sales_activity.rehide_activities")
    async def rehide_activities(self, call: RestoreStep) -> SliceResult:
        # The deletion's fence stands until the restoration is through: all that lives now is what it brought back.
        return await self._slice(
            "rehide_activities",
            call,
            lambda uow: cascade.hide(uow, call.resource_id, call.deletion_process_id, ROWS_PER_TRANSACTION),
            lambda reader: cascade.live(reader, call.resource_id),
        )

    # User deletion and restoration ----------------------------------------------------------------

    @step("sales_activity.fence_user")
    async def fence_user(self, call: ProcessStep) -> Acknowledged:
        async def fence(uow: UnitOfWork, call: ProcessStep) -> Acknowledged:
            await self._directory.ensure_user(uow, call.resource_id)
            await fences.block(uow, "user_copies", call.resource_id, call.process_id)
            return Acknowledged()

        return await self._once("fence_user", call, Acknowledged, fence)

    @step("sales_activity.unfence_user")
    async def unfence_user(self, call: ProcessStep) -> Acknowledged:
        async with self._transaction(call) as uow:
            await fences.unblock(uow, "user_copies", call.resource_id, call.process_id)
        return Acknowledged()

    @step("sales_activity.reassign_activities")
    async def reassign_activities(self, call: ReassignStep) -> SliceResult:
        async def reassign(uow: UnitOfWork) -> int:
            successor = await handover.choose_successor(
                uow,
                self._directory,
                user_id=call.resource_id,
                successor_id=call.successor_id,
                process_id=call.process_id,
            )
            if successor is None:
                return 0
            return await handover.reassign(
                uow,
                user_id=call.resource_id,
                successor_id=successor,
                process_id=call.process_id,
                limit=ROWS_PER_TRANSACTION,
            )

        return await self._slice(
            "reassign_activities", call, reassign, lambda reader: handover.open_work(reader, call.resource_id)
        )

    @step("sales_activity.return_activities")
    async def return_activities(self, call: ReturnStep) -> SliceResult:
        return await self._slice(
            "return_activities",
            call,
            lambda uow: handover.give_back(
                uow, deletion_id=call.deletion_process_id, process_id=call.process_id, limit=ROWS_PER_TRANSACTION
            ),
            lambda reader: handover.unreturned(reader, call.deletion_process_id),
        )

    @step("sales_activity.sweep_user")
    async def sweep_user(self, call: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await handover.open_work(reader, call.resource_id))

    # Task timers ----------------------------------------------------------------------------------

    @step("sales_activity.notify_due_soon")
    async def notify_due_soon(self, timer: TaskDueInput) -> TimerState:
        async with self._db.transaction(ActorContext.system()) as uow:
            return _timer_state(await timers.notify_due_soon(uow, timer), timer)

    @step("sales_activity.notify_overdue")
    async def notify_overdue(self, timer: TaskDueInput) -> TimerState:
        async with self._db.transaction(ActorContext.system()) as uow:
            return _timer_state(await timers.notify_overdue(uow, timer), timer)

    @step("sales_activity.reconcile_timers")
    async def reconcile_timers(self) -> ReconcileResult:
        started, ended = await reconcile(self._db, self._temporal, activity.heartbeat)
        return ReconcileResult(started=started, ended=ended)


def _timer_state(task: TaskRecord | None, timer: TaskDueInput) -> TimerState:
    if task is None:
        return TimerState(due_date=None, lead_hours=timer.lead_hours)
    return TimerState(due_date=task.due_date, lead_hours=task.lead_hours)
