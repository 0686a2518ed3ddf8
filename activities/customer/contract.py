"""Steps that change the customer service's database, as a workflow may call them."""

from temporalio import activity

from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep, SliceResult, SweepResult

# Customer deletion and restoration (home) ---------------------------------------------------------


@activity.defn(name="customer.undo_deletion")
async def undo_deletion(step: ProcessStep) -> Acknowledged:
    """DELETING → ACTIVE, where this process holds the customer; else nothing."""
    raise NotImplementedError


@activity.defn(name="customer.confirm_deletion")
async def confirm_deletion(step: ProcessStep) -> Acknowledged:
    """Pivot: DELETING → DELETED and `customer.deleted`, in one transaction."""
    raise NotImplementedError


@activity.defn(name="customer.undo_restoration")
async def undo_restoration(step: ProcessStep) -> Acknowledged:
    """RESTORING → DELETED, where this process holds the customer; else nothing."""
    raise NotImplementedError


@activity.defn(name="customer.confirm_restoration")
async def confirm_restoration(step: ProcessStep) -> Acknowledged:
    """Pivot: RESTORING → ACTIVE and `customer.restored`, in one transaction."""
    raise NotImplementedError


# User deletion and restoration --------------------------------------------------------------------


@activity.defn(name="customer.fence_user")
async def fence_user(step: ProcessStep) -> Acknowledged:
    """Block the local copy of the user: nothing new can be assigned to them."""
    raise NotImplementedError


@activity.defn(name="customer.unfence_user")
async def unfence_user(step: ProcessStep) -> Acknowledged:
    raise NotImplementedError


@activity.defn(name="customer.reassign_customers")
async def reassign_customers(step: ReassignStep) -> SliceResult:
    """Move up to a slice of the user's customers to the successor; those in DELETING count as remaining."""
    raise NotImplementedError


@activity.defn(name="customer.return_customers")
async def return_customers(step: ReturnStep) -> SliceResult:
    """Give back what the deletion moved and what still belongs to the successor."""
    raise NotImplementedError


@activity.defn(name="customer.sweep_user")
async def sweep_user(step: ProcessStep) -> SweepResult:
    """Count live references to the user."""
    raise NotImplementedError
