"""A next version of the deletion: one step more, on a way of its own, so that what began before goes on as it began."""

from datetime import timedelta
from typing import Final

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from services.contracts.processes import CustomerDeletionInput, ProcessType
    from workflows.customer_deletion import CustomerDeletion
    from workflows.saga import SagaOutcome

CHANGE: Final = "wait-before-holding"


@workflow.defn(name=ProcessType.CUSTOMER_DELETION)
class NextCustomerDeletion(CustomerDeletion):
    @workflow.run
    async def run(self, request: CustomerDeletionInput) -> SagaOutcome:
        return await CustomerDeletion.run(self, request)

    async def _hold_and_hide(self) -> None:
        if workflow.patched(CHANGE):
            await workflow.sleep(timedelta(milliseconds=1))
        await super()._hold_and_hide()
