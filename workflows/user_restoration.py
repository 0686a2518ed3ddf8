"""User restoration: a deleted user returns, and so does what still lies with the successors.

The pivot comes first: once the user is ACTIVE again, their work is given back until all of it is. What the
successors have finished, or passed on to somebody else meanwhile, stays where it is.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.auth import contract as auth
    from activities.customer import contract as customer
    from activities.opportunity import contract as opportunity
    from activities.sales_activity import contract as sales_activity
    from services.contracts.processes import ProcessType, UserRestorationInput
    from services.contracts.processes import UserRestorationStep as Step
    from services.contracts.steps import ProcessStep, ReturnStep
    from workflows.saga import Saga, SagaOutcome


@workflow.defn(name=ProcessType.USER_RESTORATION)
class UserRestoration(Saga):
    @workflow.run
    async def run(self, request: UserRestorationInput) -> SagaOutcome:
        self.call = ProcessStep(process_id=request.process_id, resource_id=request.user_id, actor_id=request.actor_id)
        self.give_back = ReturnStep(**self.call.model_dump(), deletion_process_id=request.deletion_process_id)
        # The fences still carry the id of the deletion, which set them and kept them.
        self.deletion = self.call.model_copy(update={"process_id": request.deletion_process_id})
        self.undo_with(Step.REQUEST, auth.undo_restoration, self.call)
        return await self.conduct(request, Step, before=self._bring_back, after=self._give_back)

    async def _bring_back(self) -> None:
        async with self.step(Step.CONFIRM):
            await self.pivot(Step.CONFIRM, auth.confirm_restoration, self.call)

    async def _give_back(self) -> None:
        async with self.step(Step.RETURN_CUSTOMERS):
            await self.do(Step.RETURN_CUSTOMERS, customer.unfence_user, self.deletion)
            await self.slices(Step.RETURN_CUSTOMERS, customer.return_customers, self.give_back)

        async with self.step(Step.RETURN_ACTIVITIES):
            await self.do(Step.RETURN_ACTIVITIES, sales_activity.unfence_user, self.deletion)
            await self.slices(Step.RETURN_ACTIVITIES, sales_activity.return_activities, self.give_back)

        async with self.step(Step.RETURN_APPROVALS):
            await self.do(Step.RETURN_APPROVALS, opportunity.unfence_user, self.deletion)
            await self.slices(Step.RETURN_APPROVALS, opportunity.return_approvals, self.give_back)

        async with self.step(Step.RETURN_REPORTS):
            await self.slices(Step.RETURN_REPORTS, auth.return_reports, self.give_back)
