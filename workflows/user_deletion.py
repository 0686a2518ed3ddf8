"""User deletion with reassignment: the leaver's work goes to successors, then the leaver goes.

The request has put the user into DEACTIVATING and signed them out everywhere. Fences keep new work away from them
in every service; what they have is moved and each move noted, so that all of it can be given back; the pivot makes
the user DELETED. The fences stay, and fall when the user is restored.
"""

from uuid import UUID

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.auth import contract as auth
    from activities.customer import contract as customer
    from activities.opportunity import contract as opportunity
    from activities.sales_activity import contract as sales_activity
    from services.contracts.processes import ProcessType, UserDeletionInput
    from services.contracts.processes import UserDeletionStep as Step
    from services.contracts.steps import ProcessStep, ReassignStep, ReturnStep
    from workflows.saga import Saga, SagaOutcome


@workflow.defn(name=ProcessType.USER_DELETION)
class UserDeletion(Saga):
    @workflow.run
    async def run(self, request: UserDeletionInput) -> SagaOutcome:
        self.request = request
        self.call = ProcessStep(process_id=request.process_id, resource_id=request.user_id, actor_id=request.actor_id)
        self.give_back = ReturnStep(**self.call.model_dump(), deletion_process_id=request.process_id)
        self.customers_to = self._move_to(request.customers_to)
        self.activities_to = self._move_to(request.activities_to)
        self.approvals_to = self._move_to(request.approvals_to)
        self.undo_with(Step.REQUEST, auth.undo_deletion, self.call)
        return await self.conduct(request, Step, before=self._hand_over_and_confirm, after=self._nothing_more)

    def _move_to(self, successor_id: UUID | None) -> ReassignStep:
        return ReassignStep(**self.call.model_dump(), successor_id=successor_id)

    async def _hand_over_and_confirm(self) -> None:
        async with self.step(Step.FENCE):
            self.undo_with(Step.FENCE, customer.unfence_user, self.call)
            await self.do(Step.FENCE, customer.fence_user, self.call)
            self.undo_with(Step.FENCE, sales_activity.unfence_user, self.call)
            await self.do(Step.FENCE, sales_activity.fence_user, self.call)
            self.undo_with(Step.FENCE, opportunity.unfence_user, self.call)
            await self.do(Step.FENCE, opportunity.fence_user, self.call)

        async with self.step(Step.REASSIGN_CUSTOMERS):
            self.undo_with(Step.REASSIGN_CUSTOMERS, customer.return_customers, self.give_back)
            await self.slices(Step.REASSIGN_CUSTOMERS, customer.reassign_customers, self.customers_to)

        async with self.step(Step.REASSIGN_ACTIVITIES):
            self.undo_with(Step.REASSIGN_ACTIVITIES, sales_activity.return_activities, self.give_back)
            await self.slices(Step.REASSIGN_ACTIVITIES, sales_activity.reassign_activities, self.activities_to)

        async with self.step(Step.REASSIGN_APPROVALS):
            self.undo_with(Step.REASSIGN_APPROVALS, opportunity.return_approvals, self.give_back)
            await self.slices(Step.REASSIGN_APPROVALS, opportunity.reassign_approvals, self.approvals_to)

        async with self.step(Step.REASSIGN_REPORTS):
            self.undo_with(Step.REASSIGN_REPORTS, auth.return_reports, self.give_back)
            # Whoever decides in the leaver's place leads the leaver's people.
            await self.slices(Step.REASSIGN_REPORTS, auth.reassign_reports, self.approvals_to)

        async with self.step(Step.CONFIRM):
            await self._sweep()
            await self.pivot(Step.CONFIRM, auth.confirm_deletion, self.call)

    async def _sweep(self) -> None:
        await self.sweep(Step.REASSIGN_CUSTOMERS, customer.sweep_user, customer.reassign_customers, self.customers_to)
        await self.sweep(
            Step.REASSIGN_ACTIVITIES, sales_activity.sweep_user, sales_activity.reassign_activities, self.activities_to
        )
        await self.sweep(
            Step.REASSIGN_APPROVALS, opportunity.sweep_user, opportunity.reassign_approvals, self.approvals_to
        )

    async def _nothing_more(self) -> None:
        """The pivot is the last step."""
