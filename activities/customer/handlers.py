"""What the customer worker runs: each call is one transaction, or a few of a bounded size, that take effect once."""

from activities.steps import Activities, step
from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep, SliceResult, SweepResult
from services.customer.references import UserDirectory
from services.customer.service import handover, steps
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork


class CustomerActivities(Activities):
    """`users` brings copies of users that this service has not heard of yet."""

    def __init__(self, db: Database, users: UserDirectory) -> None:
        super().__init__(db)
        self._users = users

    # Customer deletion and restoration ------------------------------------------------------------

    @step("customer.undo_deletion")
    async def undo_deletion(self, call: ProcessStep) -> Acknowledged:
        return await self._once("undo_deletion", call, Acknowledged, steps.undo_deletion)

    @step("customer.confirm_deletion")
    async def confirm_deletion(self, call: ProcessStep) -> Acknowledged:
        return await self._pivot("confirm_deletion", call, steps.confirm_deletion)

    @step("customer.undo_restoration")
    async def undo_restoration(self, call: ProcessStep) -> Acknowledged:
        return await self._once("undo_restoration", call, Acknowledged, steps.undo_restoration)

    @step("customer.confirm_restoration")
    async def confirm_restoration(self, call: ProcessStep) -> Acknowledged:
        return await self._pivot("confirm_restoration", call, steps.confirm_restoration)

    # User deletion and restoration ----------------------------------------------------------------

    @step("customer.fence_user")
    async def fence_user(self, call: ProcessStep) -> Acknowledged:
        async def fence(uow: UnitOfWork, call: ProcessStep) -> Acknowledged:
            return await handover.fence(uow, self._users, call)

        return await self._once("fence_user", call, Acknowledged, fence)

    @step("customer.unfence_user")
    async def unfence_user(self, call: ProcessStep) -> Acknowledged:
        return await self._once("unfence_user", call, Acknowledged, handover.unfence)

    @step("customer.reassign_customers")
    async def reassign_customers(self, call: ReassignStep) -> SliceResult:
        """`remaining` counts those that other processes hold, too."""
        return await self._slice(
            "reassign_customers",
            call,
            lambda uow: handover.reassign(uow, self._users, call),
            lambda reader: handover.customers_left(reader, call.resource_id),
        )

    @step("customer.return_customers")
    async def return_customers(self, call: ReturnStep) -> SliceResult:
        return await self._slice(
            "return_customers",
            call,
            lambda uow: handover.give_back(uow, call),
            lambda reader: handover.moves_left(reader, call.deletion_process_id),
        )

    @step("customer.sweep_user")
    async def sweep_user(self, call: ProcessStep) -> SweepResult:
        async with self._db.reader() as reader:
            return SweepResult(found=await handover.customers_left(reader, call.resource_id))
