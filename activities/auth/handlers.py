"""What the auth worker runs: each call is one transaction that takes effect once."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from temporalio import activity

from services.auth.service import deletion_steps
from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep, SliceResult
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.processes.activity_edge import business_errors
from services.kit.processes.steps import run_once
from services.kit.running.context import ActorContext

Step = TypeVar("Step", bound=ProcessStep)
Answer = TypeVar("Answer", Acknowledged, SliceResult)


class AuthActivities:
    """Auth's steps in the deletion and restoration of users."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> Sequence[Callable[..., Any]]:
        return [
            self.reassign_reports,
            self.return_reports,
            self.confirm_deletion,
            self.undo_deletion,
            self.confirm_restoration,
            self.undo_restoration,
        ]

    @activity.defn(name="auth.reassign_reports")
    @business_errors
    async def reassign_reports(self, step: ReassignStep) -> SliceResult:
        return await self._once("reassign_reports", step, SliceResult, deletion_steps.reassign_reports)

    @activity.defn(name="auth.return_reports")
    @business_errors
    async def return_reports(self, step: ReturnStep) -> SliceResult:
        return await self._once("return_reports", step, SliceResult, deletion_steps.return_reports)

    @activity.defn(name="auth.confirm_deletion")
    @business_errors
    async def confirm_deletion(self, step: ProcessStep) -> Acknowledged:
        return await self._once("confirm_deletion", step, Acknowledged, deletion_steps.confirm_deletion)

    @activity.defn(name="auth.undo_deletion")
    @business_errors
    async def undo_deletion(self, step: ProcessStep) -> Acknowledged:
        return await self._once("undo_deletion", step, Acknowledged, deletion_steps.undo_deletion)

    @activity.defn(name="auth.confirm_restoration")
    @business_errors
    async def confirm_restoration(self, step: ProcessStep) -> Acknowledged:
        return await self._once("confirm_restoration", step, Acknowledged, deletion_steps.confirm_restoration)

    @activity.defn(name="auth.undo_restoration")
    @business_errors
    async def undo_restoration(self, step: ProcessStep) -> Acknowledged:
        return await self._once("undo_restoration", step, Acknowledged, deletion_steps.undo_restoration)

    async def _once(
        self, name: str, step: Step, answer: type[Answer], work: Callable[[UnitOfWork, Step], Awaitable[Answer]]
    ) -> Answer:
        """The answer is recorded beside its effect: a repeated call gets the recorded answer."""
        context = ActorContext.system(process_id=step.process_id, actor_id=step.actor_id)
        async with self._db.transaction(context) as uow:
            key = f"{step.process_id}:{name}:{step.sequence}"
            return await run_once(uow, key=key, result_type=answer, work=lambda: work(uow, step))
