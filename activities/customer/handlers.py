"""What the customer worker runs: each call is one transaction, or a few of a bounded size, that take effect once."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import activity

from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep, SliceResult, SweepResult
from services.customer.references import UserDirectory
from services.customer.service import handover, steps
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.processes.activity_edge import business_errors
from services.kit.processes.steps import run_once
from services.kit.running.context import ActorContext

TRANSACTIONS_PER_CALL = 4
"""With 500 rows each: some seconds of work, after which the process notes its progress."""

Step = TypeVar("Step", bound=ProcessStep)
Answer = TypeVar("Answer", Acknowledged, SliceResult, SweepResult)


class CustomerActivities:
    """`users` brings copies of users that this service has not heard of yet."""

    def __init__(self, db: Database, users: UserDirectory) -> None:
        self._db = db
        self._users = users

    def all(self) -> list[Callable[..., Any]]:
        return [
            self.undo_deletion,
            self.confirm_deletion,
            self.undo_restoration,
            self.confirm_restoration,
            self.fence_user,
            self.unfence_user,
            self.reassign_customers,
            self.return_customers,
            self.sweep_user,
        ]

    # Customer deletion and restoration ------------------------------------------------------------

    @activity.defn(name="customer.undo_deletion")
    @business_errors
    async def undo_deletion(self, step: ProcessStep) -> Acknowledged:
        return await self._once("undo_deletion", step, Acknowledged, steps.undo_deletion)

    @activity.defn(name="customer.confirm_deletion")
    @business_errors
    async def confirm_deletion(self, step: ProcessStep) -> Acknowledged:
        return await self._once("confirm_deletion", step, Acknowledged, steps.confirm_deletion)

    @activity.defn(name="customer.undo_restoration")
    @business_errors
    async def undo_restoration(self, step: ProcessStep) -> Acknowledged:
        return await self._once("undo_restoration", step, Acknowledged, steps.undo_restoration)

    @activity.defn(name="customer.confirm_restoration")
    @business_errors
    async def confirm_restoration(self, step: ProcessStep) -> Acknowledged:
        return await self._once("confirm_restoration", step, Acknowledged, steps.confirm_restoration)

    # User deletion and restoration ----------------------------------------------------------------

    @activity.defn(name="customer.fence_user")
    @business_errors
    async def fence_user(self, step: ProcessStep) -> Acknowledged:
        async def fence(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
            return await handover.fence(uow, self._users, step)

        return await self._once("fence_user", step, Acknowledged, fence)

    @activity.defn(name="customer.unfence_user")
    @business_errors
    async def unfence_user(self, step: ProcessStep) -> Acknowledged:
        return await self._once("unfence_user", step, Acknowledged, handover.unfence)

    @activity.defn(name="customer.reassign_customers")
    @business_errors
    async def reassign_customers(self, step: ReassignStep) -> SliceResult:
        async def reassign(uow: UnitOfWork, step: ReassignStep) -> SliceResult:
            return await handover.reassign(uow, self._users, step)

        return await self._slice("reassign_customers", step, reassign)

    @activity.defn(name="customer.return_customers")
    @business_errors
    async def return_customers(self, step: ReturnStep) -> SliceResult:
        return await self._slice("return_customers", step, handover.give_back)

    @activity.defn(name="customer.sweep_user")
    @business_errors
    async def sweep_user(self, step: ProcessStep) -> SweepResult:
        async with self._db.transaction(_context(step)) as uow:
            return await handover.sweep(uow, step)

    async def _once(
        self,
        name: str,
        step: Step,
        answer: type[Answer],
        work: Callable[[UnitOfWork, Step], Awaitable[Answer]],
        part: int = 0,
    ) -> Answer:
        """One transaction with the answer beside its effect: a repeated call gets the recorded answer."""
        async with self._db.transaction(_context(step)) as uow:
            key = f"{step.process_id}:{name}:{step.sequence}:{part}"
            return await run_once(uow, key=key, result_type=answer, work=lambda: work(uow, step))

    async def _slice(
        self, name: str, step: Step, work: Callable[[UnitOfWork, Step], Awaitable[SliceResult]]
    ) -> SliceResult:
        """A few transactions; between two of them the call reports, and stops if it was cancelled."""
        done = 0
        for part in range(TRANSACTIONS_PER_CALL):
            answer = await self._once(name, step, SliceResult, work, part)
            done += answer.done
            activity.heartbeat(done)
            if not answer.done or not answer.remaining:
                break
        return SliceResult(done=done, remaining=answer.remaining)


def _context(step: ProcessStep) -> ActorContext:
    return ActorContext.system(process_id=step.process_id, actor_id=step.actor_id)
