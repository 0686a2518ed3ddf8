"""Customer soft-delete cascade: either the customer goes with all that belongs to it, or everything stays as it was.

The request has put the customer into DELETING. What is open or live elsewhere is held and hidden first, which can
be undone; the pivot makes the customer DELETED; the held approval requests are cancelled after it.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.customer import contract as customer
    from activities.opportunity import contract as opportunity
    from activities.sales_activity import contract as sales_activity
    from services.contracts.processes import CustomerDeletionInput, ProcessType
    from services.contracts.processes import CustomerDeletionStep as Step
    from services.contracts.steps import ProcessStep
    from workflows.saga import Saga, SagaOutcome


@workflow.defn(name=ProcessType.CUSTOMER_DELETION)
class CustomerDeletion(Saga):
    @workflow.run
    async def run(self, request: CustomerDeletionInput) -> SagaOutcome:
        self.call = ProcessStep(
            process_id=request.process_id, resource_id=request.customer_id, actor_id=request.actor_id
        )
        self.undo_with(Step.REQUEST, customer.undo_deletion, self.call)
        return await self.conduct(request, Step, before=self._hold_and_hide, after=self._cancel_approvals)

    async def _hold_and_hide(self) -> None:
        async with self.step(Step.HOLD_APPROVALS):
            self.undo_with(Step.HOLD_APPROVALS, opportunity.unfence_customer, self.call)
            await self.fence(Step.HOLD_APPROVALS, opportunity.fence_customer, self.call)
            self.undo_with(Step.HOLD_APPROVALS, opportunity.release_approvals, self.call)
            await self.slices(Step.HOLD_APPROVALS, opportunity.hold_approvals, self.call)

        async with self.step(Step.HIDE_ACTIVITIES):
            self.undo_with(Step.HIDE_ACTIVITIES, sales_activity.unfence_customer, self.call)
            await self.fence(Step.HIDE_ACTIVITIES, sales_activity.fence_customer, self.call)
            self.undo_with(Step.HIDE_ACTIVITIES, sales_activity.reveal_activities, self.call)
            await self.slices(Step.HIDE_ACTIVITIES, sales_activity.hide_activities, self.call)

        async with self.step(Step.CONFIRM):
            await self.sweep(Step.HOLD_APPROVALS, opportunity.sweep_customer, opportunity.hold_approvals, self.call)
            await self.sweep(
                Step.HIDE_ACTIVITIES, sales_activity.sweep_customer, sales_activity.hide_activities, self.call
            )
            await self.pivot(Step.CONFIRM, customer.confirm_deletion, self.call)

    async def _cancel_approvals(self) -> None:
        async with self.step(Step.CANCEL_APPROVALS):
            await self.slices(Step.CANCEL_APPROVALS, opportunity.cancel_approvals, self.call)
