"""Customer restore: what one deletion hid and cancelled comes back together with its customer.

The request has put the customer into RESTORING. Requests of the deletion return to their owners as a new
generation, meetings and tasks reappear; the pivot makes the customer ACTIVE; the fences fall after it.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.customer import contract as customer
    from activities.opportunity import contract as opportunity
    from activities.sales_activity import contract as sales_activity
    from services.contracts.processes import CustomerRestorationInput, ProcessType
    from services.contracts.processes import CustomerRestorationStep as Step
    from services.contracts.steps import ProcessStep, RestoreStep
    from workflows.saga import Saga, SagaOutcome


@workflow.defn(name=ProcessType.CUSTOMER_RESTORATION)
class CustomerRestoration(Saga):
    @workflow.run
    async def run(self, request: CustomerRestorationInput) -> SagaOutcome:
        self.call = RestoreStep(
            process_id=request.process_id,
            resource_id=request.customer_id,
            actor_id=request.actor_id,
            deletion_process_id=request.deletion_process_id,
        )
        self.undo_with(Step.REQUEST, customer.undo_restoration, self.call)
        return await self.conduct(request, Step, before=self._bring_back, after=self._unblock)

    async def _bring_back(self) -> None:
        async with self.step(Step.RESTORE_APPROVALS):
            self.undo_with(Step.RESTORE_APPROVALS, opportunity.recancel_approvals, self.call)
            await self.slices(Step.RESTORE_APPROVALS, opportunity.restore_approvals, self.call)

        async with self.step(Step.REVEAL_ACTIVITIES):
            self.undo_with(Step.REVEAL_ACTIVITIES, sales_activity.rehide_activities, self.call)
            await self.slices(Step.REVEAL_ACTIVITIES, sales_activity.restore_activities, self.call)

        async with self.step(Step.CONFIRM):
            await self.pivot(Step.CONFIRM, customer.confirm_restoration, self.call)

    async def _unblock(self) -> None:
        async with self.step(Step.UNBLOCK):
            # The fences still carry the id of the deletion, which set them and kept them.
            deletion = ProcessStep(
                process_id=self.call.deletion_process_id,
                resource_id=self.call.resource_id,
                actor_id=self.call.actor_id,
            )
            await self.do(Step.UNBLOCK, opportunity.unfence_customer, deletion)
            await self.do(Step.UNBLOCK, sales_activity.unfence_customer, deletion)
