"""One decision on many requests: a batch that somebody asked for is decided to its end, whatever happens meanwhile.

The request is the pivot: nothing is undone, as every item is a decision of its own, with an outcome of its own. What
could not be reached may be tried again by a process of its own.
"""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.opportunity import contract as opportunity
    from services.contracts.processes import BulkDecisionInput, ProcessType
    from services.contracts.processes import BulkDecisionStep as Step
    from services.contracts.steps import ProcessStep
    from workflows.saga import Saga, SagaOutcome


@workflow.defn(name=ProcessType.BULK_DECISION)
class BulkDecision(Saga):
    @workflow.run
    async def run(self, request: BulkDecisionInput) -> SagaOutcome:
        self.call = ProcessStep(process_id=request.process_id, resource_id=request.batch_id, actor_id=request.actor_id)
        return await self.conduct(request, Step, before=self._nothing_first, after=self._decide_items)

    async def _nothing_first(self) -> None:
        """The request has decided."""

    async def _decide_items(self) -> None:
        async with self.step(Step.DECIDE_ITEMS):
            await self.slices(Step.DECIDE_ITEMS, opportunity.decide_items, self.call)
