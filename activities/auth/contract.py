"""Steps that change the auth service's database, as a workflow may call them."""

from temporalio import activity

from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep, SliceResult


@activity.defn(name="auth.reassign_reports")
async def reassign_reports(step: ReassignStep) -> SliceResult:
    """Users who report to the leaver report to the successor (None: to the leaver's own manager), who heads the
    leaver's departments (None: nobody does)."""
    raise NotImplementedError


@activity.defn(name="auth.return_reports")
async def return_reports(step: ReturnStep) -> SliceResult:
    raise NotImplementedError


@activity.defn(name="auth.confirm_deletion")
async def confirm_deletion(step: ProcessStep) -> Acknowledged:
    """Pivot: DEACTIVATING → DELETED and `user.deleted`, in one transaction."""
    raise NotImplementedError


@activity.defn(name="auth.undo_deletion")
async def undo_deletion(step: ProcessStep) -> Acknowledged:
    """DEACTIVATING → the state before, where this process holds the user; else nothing."""
    raise NotImplementedError


@activity.defn(name="auth.confirm_restoration")
async def confirm_restoration(step: ProcessStep) -> Acknowledged:
    """The deleted user becomes ACTIVE again and `user.restored` is published."""
    raise NotImplementedError


@activity.defn(name="auth.undo_restoration")
async def undo_restoration(step: ProcessStep) -> Acknowledged:
    raise NotImplementedError
