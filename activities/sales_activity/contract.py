"""Steps that change the sales activity service's database, as a workflow may call them."""

from datetime import datetime

from temporalio import activity

from services.contracts.processes import TaskDueInput
from services.contracts.steps import (
    Acknowledged,
    ProcessStep,
    ReassignStep,
    RestoreStep,
    ReturnStep,
    SliceResult,
    SweepResult,
)
from services.kit.models import CamelModel

# Customer deletion and restoration ----------------------------------------------------------------


@activity.defn(name="sales_activity.fence_customer")
async def fence_customer(step: ProcessStep) -> SliceResult:
    """Block the local copy of the customer; `remaining` counts the meetings and tasks to hide."""
    raise NotImplementedError


@activity.defn(name="sales_activity.hide_activities")
async def hide_activities(step: ProcessStep) -> SliceResult:
    """Soft-delete up to a slice of the customer's meetings and tasks, stamped with the process id; end their timers."""
    raise NotImplementedError


@activity.defn(name="sales_activity.reveal_activities")
async def reveal_activities(step: ProcessStep) -> SliceResult:
    """Undo of `hide_activities`: exactly the rows that carry the process id come back, timers too."""
    raise NotImplementedError


@activity.defn(name="sales_activity.unfence_customer")
async def unfence_customer(step: ProcessStep) -> Acknowledged:
    """Unblock the customer where this process blocks it; else nothing."""
    raise NotImplementedError


@activity.defn(name="sales_activity.sweep_customer")
async def sweep_customer(step: ProcessStep) -> SweepResult:
    """Count live meetings and tasks of the customer."""
    raise NotImplementedError


@activity.defn(name="sales_activity.restore_activities")
async def restore_activities(step: RestoreStep) -> SliceResult:
    """Bring back up to a slice of what the deletion hid; owners who left are replaced by their successors."""
    raise NotImplementedError


@activity.defn(name="sales_activity.rehide_activities")
async def rehide_activities(step: RestoreStep) -> SliceResult:
    """Undo of `restore_activities`: hidden again under the id of the deletion."""
    raise NotImplementedError


# User deletion and restoration --------------------------------------------------------------------


@activity.defn(name="sales_activity.fence_user")
async def fence_user(step: ProcessStep) -> Acknowledged:
    raise NotImplementedError


@activity.defn(name="sales_activity.unfence_user")
async def unfence_user(step: ProcessStep) -> Acknowledged:
    raise NotImplementedError


@activity.defn(name="sales_activity.reassign_activities")
async def reassign_activities(step: ReassignStep) -> SliceResult:
    """Move up to a slice of the user's live tasks, meetings and attendances to the successor."""
    raise NotImplementedError


@activity.defn(name="sales_activity.return_activities")
async def return_activities(step: ReturnStep) -> SliceResult:
    raise NotImplementedError


@activity.defn(name="sales_activity.sweep_user")
async def sweep_user(step: ProcessStep) -> SweepResult:
    raise NotImplementedError


# Task timers (home) -------------------------------------------------------------------------------


class TimerState(CamelModel):
    """The task as the timer finds it. `due_date` is None when there is nothing left to tell."""

    due_date: datetime | None
    lead_hours: int


class ReconcileResult(CamelModel):
    started: int
    ended: int


@activity.defn(name="sales_activity.notify_due_soon")
async def notify_due_soon(timer: TaskDueInput) -> TimerState:
    """Emit `task.due_soon` unless the task ended, moved, or was already told for this due date."""
    raise NotImplementedError


@activity.defn(name="sales_activity.notify_overdue")
async def notify_overdue(timer: TaskDueInput) -> TimerState:
    """Emit `task.overdue` likewise."""
    raise NotImplementedError


@activity.defn(name="sales_activity.reconcile_timers")
async def reconcile_timers() -> ReconcileResult:
    """Compare open tasks with running timers and mend the differences (hourly)."""
    raise NotImplementedError
