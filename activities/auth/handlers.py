"""What the auth worker runs: auth's steps in the deletion and restoration of users."""

from activities.steps import Activities, step
from services.auth.service import deletion_steps
from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep, SliceResult


class AuthActivities(Activities):
    @step("auth.reassign_reports")
    async def reassign_reports(self, call: ReassignStep) -> SliceResult:
        return await self._slice(
            "reassign_reports",
            call,
            lambda uow: deletion_steps.reassign_reports(uow, call),
            lambda reader: deletion_steps.reports_left(reader, call.resource_id),
        )

    @step("auth.return_reports")
    async def return_reports(self, call: ReturnStep) -> SliceResult:
        return await self._slice(
            "return_reports",
            call,
            lambda uow: deletion_steps.return_reports(uow, call),
            lambda reader: deletion_steps.moves_left(reader, call.deletion_process_id),
        )

    @step("auth.confirm_deletion")
    async def confirm_deletion(self, call: ProcessStep) -> Acknowledged:
        return await self._pivot("confirm_deletion", call, deletion_steps.confirm_deletion)

    @step("auth.undo_deletion")
    async def undo_deletion(self, call: ProcessStep) -> Acknowledged:
        return await self._once("undo_deletion", call, Acknowledged, deletion_steps.undo_deletion)

    @step("auth.confirm_restoration")
    async def confirm_restoration(self, call: ProcessStep) -> Acknowledged:
        return await self._pivot("confirm_restoration", call, deletion_steps.confirm_restoration)

    @step("auth.undo_restoration")
    async def undo_restoration(self, call: ProcessStep) -> Acknowledged:
        return await self._once("undo_restoration", call, Acknowledged, deletion_steps.undo_restoration)
