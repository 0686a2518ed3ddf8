"""The steps of the contract as the sales activity worker runs them.

A step that is too large for one transaction is done in portions. Each portion records its answer under a key of its
own in the transaction of its effect, so a repeat of the step goes on where the last try was cut off.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final, TypeVar

from pydantic import BaseModel
from temporalio import activity
from temporalio.client import Client

from activities.sales_activity.contract import ReconcileResult, TimerState
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
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.models import CamelModel
from services.kit.processes import fences
from services.kit.processes.activity_edge import business_errors
from services.kit.processes.steps import run_once
from services.kit.running import crashpoints
from services.kit.running.context import ActorContext
from services.sales_activity.references import Directory
from services.sales_activity.service import cascade, leavers, timers
from services.sales_activity.service.reconcile import reconcile

PORTION: Final = 500
"""Rows in one transaction."""
PORTIONS: Final = 4
"""Transactions in one call of a step."""


_Answer = TypeVar("_Answer", bound=BaseModel)


class _Portion(CamelModel):
    """The recorded answer of one transaction of a step."""

    done: int


class SalesActivityActivities:
    """`temporal` is needed only to compare timers with tasks."""

    def __init__(self, db: Database, directory: Directory, temporal: Client) -> None:
        self._db = db
        self._directory = directory
        self._temporal = temporal

    # Customer deletion and restoration ------------------------------------------------------------

    @activity.defn(name="sales_activity.fence_customer")
    @business_errors
    async def fence_customer(self, step: ProcessStep) -> SliceResult:
        async def fence(uow: UnitOfWork) -> SliceResult:
            await self._directory.ensure_customer(uow, step.resource_id)
            await fences.block(uow, "customer_copies", step.resource_id, step.process_id)
            return SliceResult(done=0, remaining=await cascade.live(uow, step.resource_id))

        return await self._once(step, "fence_customer", SliceResult, fence)

    @activity.defn(name="sales_activity.hide_activities")
    @business_errors
    async def hide_activities(self, step: ProcessStep) -> SliceResult:
        return await self._portions(
            step,
            "hide_activities",
            lambda uow: cascade.hide(uow, step.resource_id, step.process_id, PORTION),
            lambda reader: cascade.live(reader, step.resource_id),
        )

    @activity.defn(name="sales_activity.reveal_activities")
    @business_errors
    async def reveal_activities(self, step: ProcessStep) -> SliceResult:
        return await self._portions(
            step,
            "reveal_activities",
            lambda uow: cascade.reveal(uow, step.process_id, PORTION),
            lambda reader: cascade.still_hidden(reader, step.process_id),
        )

    @activity.defn(name="sales_activity.unfence_customer")
    @business_errors
    async def unfence_customer(self, step: ProcessStep) -> Acknowledged:
        async with self._db.transaction(_context(step)) as uow:
            await fences.unblock(uow, "customer_copies", step.resource_id, step.process_id)
        return Acknowledged()

    @activity.defn(name="sales_activity.sweep_customer")
    @business_errors
    async def sweep_customer(self, step: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await cascade.live(reader, step.resource_id))

    @activity.defn(name="sales_activity.restore_activities")
    @business_errors
    async def restore_activities(self, step: RestoreStep) -> SliceResult:
        return await self._portions(
            step,
            "restore_activities",
            lambda uow: cascade.reveal(uow, step.deletion_process_id, PORTION),
            lambda reader: cascade.still_hidden(reader, step.deletion_process_id),
        )

    @activity.defn(name="sales_activity.rehide_activities")
    @business_errors
    async def rehide_activities(self, step: RestoreStep) -> SliceResult:
        # The deletion's fence stands until the restoration is through: all that lives now is what it brought back.
        return await self._portions(
            step,
            "rehide_activities",
            lambda uow: cascade.hide(uow, step.resource_id, step.deletion_process_id, PORTION),
            lambda reader: cascade.live(reader, step.resource_id),
        )

    # User deletion and restoration ----------------------------------------------------------------

    @activity.defn(name="sales_activity.fence_user")
    @business_errors
    async def fence_user(self, step: ProcessStep) -> Acknowledged:
        async def fence(uow: UnitOfWork) -> Acknowledged:
            await self._directory.ensure_user(uow, step.resource_id)
            await fences.block(uow, "user_copies", step.resource_id, step.process_id)
            return Acknowledged()

        return await self._once(step, "fence_user", Acknowledged, fence)

    @activity.defn(name="sales_activity.unfence_user")
    @business_errors
    async def unfence_user(self, step: ProcessStep) -> Acknowledged:
        async with self._db.transaction(_context(step)) as uow:
            await fences.unblock(uow, "user_copies", step.resource_id, step.process_id)
        return Acknowledged()

    @activity.defn(name="sales_activity.reassign_activities")
    @business_errors
    async def reassign_activities(self, step: ReassignStep) -> SliceResult:
        async def reassign(uow: UnitOfWork) -> int:
            successor = await leavers.choose_successor(
                uow,
                self._directory,
                user_id=step.resource_id,
                successor_id=step.successor_id,
                process_id=step.process_id,
            )
            if successor is None:
                return 0
            return await leavers.reassign(
                uow, user_id=step.resource_id, successor_id=successor, process_id=step.process_id, limit=PORTION
            )

        return await self._portions(
            step, "reassign_activities", reassign, lambda reader: leavers.open_work(reader, step.resource_id)
        )

    @activity.defn(name="sales_activity.return_activities")
    @business_errors
    async def return_activities(self, step: ReturnStep) -> SliceResult:
        return await self._portions(
            step,
            "return_activities",
            lambda uow: leavers.give_back(
                uow, deletion_id=step.deletion_process_id, process_id=step.process_id, limit=PORTION
            ),
            lambda reader: leavers.unreturned(reader, step.deletion_process_id),
        )

    @activity.defn(name="sales_activity.sweep_user")
    @business_errors
    async def sweep_user(self, step: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await leavers.open_work(reader, step.resource_id))

    # Task timers ----------------------------------------------------------------------------------

    @activity.defn(name="sales_activity.notify_due_soon")
    @business_errors
    async def notify_due_soon(self, timer: TaskDueInput) -> TimerState:
        async with self._db.transaction(ActorContext.system()) as uow:
            return _timer_state(await timers.notify_due_soon(uow, timer), timer)

    @activity.defn(name="sales_activity.notify_overdue")
    @business_errors
    async def notify_overdue(self, timer: TaskDueInput) -> TimerState:
        async with self._db.transaction(ActorContext.system()) as uow:
            return _timer_state(await timers.notify_overdue(uow, timer), timer)

    @activity.defn(name="sales_activity.reconcile_timers")
    @business_errors
    async def reconcile_timers(self) -> ReconcileResult:
        started, ended = await reconcile(self._db, self._temporal, activity.heartbeat)
        return ReconcileResult(started=started, ended=ended)

    def all(self) -> list[Callable[..., Any]]:
        """Every step of the contract, for the worker."""
        return [
            self.fence_customer,
            self.hide_activities,
            self.reveal_activities,
            self.unfence_customer,
            self.sweep_customer,
            self.restore_activities,
            self.rehide_activities,
            self.fence_user,
            self.unfence_user,
            self.reassign_activities,
            self.return_activities,
            self.sweep_user,
            self.notify_due_soon,
            self.notify_overdue,
            self.reconcile_timers,
        ]

    # How a step is run ----------------------------------------------------------------------------

    async def _once(
        self, step: ProcessStep, name: str, result_type: type[_Answer], work: Callable[[UnitOfWork], Awaitable[_Answer]]
    ) -> _Answer:
        async with self._db.transaction(_context(step)) as uow:
            return await run_once(uow, key=_key(step, name), result_type=result_type, work=lambda: work(uow))

    async def _portions(
        self,
        step: ProcessStep,
        name: str,
        work: Callable[[UnitOfWork], Awaitable[int]],
        count_remaining: Callable[[Reader], Awaitable[int]],
    ) -> SliceResult:
        """Portions until one finds nothing more to do; the rest is for the next call."""
        done = 0
        for number in range(PORTIONS):
            portion = await self._portion(step, f"{_key(step, name)}:{number}", work)
            crashpoints.reach(f"sales_activity.{name}")
            done += portion.done
            activity.heartbeat(done)
            if portion.done < PORTION:
                break
        async with self._db.reader() as reader:
            return SliceResult(done=done, remaining=await count_remaining(reader))

    async def _portion(self, step: ProcessStep, key: str, work: Callable[[UnitOfWork], Awaitable[int]]) -> _Portion:
        async with self._db.transaction(_context(step)) as uow:

            async def portion() -> _Portion:
                return _Portion(done=await work(uow))

            return await run_once(uow, key=key, result_type=_Portion, work=portion)


def _context(step: ProcessStep) -> ActorContext:
    return ActorContext.system(process_id=step.process_id, actor_id=step.actor_id)


def _key(step: ProcessStep, name: str) -> str:
    return f"{step.process_id}:{name}:{step.sequence}"


def _timer_state(row: Row | None, timer: TaskDueInput) -> TimerState:
    if row is None:
        return TimerState(due_date=None, lead_hours=timer.lead_hours)
    return TimerState(due_date=row["due_date"], lead_hours=row["lead_hours"])
