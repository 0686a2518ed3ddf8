"""The next version of processes: one step more, on a way of its own, so that what began before goes on as it began."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.opportunity import contract as opportunity
    from services.contracts.processes import (
        UPDATE_DECIDE,
        ApprovalInput,
        ApprovalOutcome,
        CustomerDeletionInput,
        DecideCommand,
        ProcessType,
        TaskDueInput,
        UserDeletionInput,
    )
    from workflows.approval import Approval, CommandT
    from workflows.customer_deletion import CustomerDeletion
    from workflows.saga import SagaOutcome
    from workflows.task_due_soon import TaskDueSoon
    from workflows.user_deletion import UserDeletion

CHANGE: Final = "one-step-more"


async def _one_step_more() -> None:
    if workflow.patched(CHANGE):
        await workflow.sleep(timedelta(milliseconds=1))


@workflow.defn(name=ProcessType.CUSTOMER_DELETION)
class NextCustomerDeletion(CustomerDeletion):
    @workflow.run
    async def run(self, request: CustomerDeletionInput) -> SagaOutcome:
        return await CustomerDeletion.run(self, request)

    async def _hold_and_hide(self) -> None:
        await _one_step_more()
        await super()._hold_and_hide()


@workflow.defn(name=ProcessType.USER_DELETION)
class NextUserDeletion(UserDeletion):
    @workflow.run
    async def run(self, request: UserDeletionInput) -> SagaOutcome:
        return await UserDeletion.run(self, request)

    async def _hand_over_and_confirm(self) -> None:
        await _one_step_more()
        await super()._hand_over_and_confirm()


@workflow.defn(name=ProcessType.APPROVAL)
class NextApproval(Approval):
    """Changed where the row is read at the beginning and where each command is carried out: a request that was read
    before keeps to the old way in its updates too."""

    @workflow.run
    async def run(self, request: ApprovalInput) -> ApprovalOutcome:
        return await Approval.run(self, request)

    async def _commit(
        self, step: Callable[[CommandT], Awaitable[ApprovalOutcome]], command: CommandT
    ) -> ApprovalOutcome:
        await _one_step_more()
        return await super()._commit(step, command)


@workflow.defn(name=ProcessType.APPROVAL)
class NextDecision(Approval):
    """Changed only in what a decision does, which a pending request has not come to yet."""

    @workflow.run
    async def run(self, request: ApprovalInput) -> ApprovalOutcome:
        return await Approval.run(self, request)

    @workflow.update(name=UPDATE_DECIDE)
    async def decide(self, command: DecideCommand) -> ApprovalOutcome:
        await _one_step_more()
        return await self._carry_out(opportunity.decide, command)

    @decide.validator
    def _decide_while_open(self, command: DecideCommand) -> None:
        self._refuse_after_the_end(command)


@workflow.defn(name=ProcessType.TASK_DUE_SOON)
class NextTaskDueSoon(TaskDueSoon):
    @workflow.run
    async def run(self, timer: TaskDueInput) -> None:
        await _one_step_more()
        await TaskDueSoon.run(self, timer)
