"""The ledger of an approval: its stages are the steps, kept by the transactions that move the row."""

from typing import Final
from uuid import UUID

from services.contracts.processes import ApprovalInput, ProcessType, TaskQueue, approval_id
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalState
from services.kit.db.database import UnitOfWork
from services.kit.processes import ledger
from services.kit.processes.beginning import NewProcess, begin_process
from services.kit.processes.statuses import ProcessStatus, StepStatus
from services.opportunity.record import Approval

TOO_FEW_APPROVERS: Final = "too_few_approvers"
"""Detail of a step that needs attention: its stage asks for more votes than there are people to give them."""


def step_name(approval: Approval, position: int) -> str:
    """Stages may share a name; their position makes the step's name unique."""
    return f"{position + 1}. {approval.progress.stages[position].name}"


async def begin(uow: UnitOfWork, approval: Approval, actor_id: UUID | None) -> None:
    """A process for the present generation; stages that an earlier generation passed count as done."""
    assert approval.process_id is not None
    progress = approval.progress
    process = NewProcess(
        id=approval.process_id,
        workflow_id=approval_id(approval.id, progress.generation),
        type=ProcessType.APPROVAL,
        task_queue=TaskQueue.OPPORTUNITY,
        resource_id=approval.id,
        actor_id=actor_id,
        argument=ApprovalInput(approval_id=approval.id, generation=progress.generation),
        summary=approval.number,
        steps=[step_name(approval, position) for position in range(len(progress.stages))],
        status=approval.state.value,
    )
    await begin_process(uow, process)
    for position in range(progress.stage):
        await _record(uow, approval, position, StepStatus.DONE)
    if progress.state is ApprovalState.PENDING:
        await _record(uow, approval, progress.stage, StepStatus.RUNNING)


async def follow(uow: UnitOfWork, before: Approval, after: Approval) -> None:
    """What a transition means for the process of the request."""
    if after.process_id is None or after.process_id != before.process_id:
        return
    was, becomes = before.progress.stage, after.progress.stage
    if becomes > was:
        await _record(uow, before, was, StepStatus.DONE)
    for position in range(becomes, was + 1 if becomes < was else 0):
        await _record(uow, after, position, StepStatus.PLANNED)
    # A restored request's stage begins when it is resubmitted: nobody had to approve when its process was opened.
    entered = becomes != was or (before.state is ApprovalState.RETURNED and after.state is ApprovalState.PENDING)
    if after.short_since is not None and after.state is ApprovalState.PENDING:
        if entered or before.short_since is None:
            await _record(uow, after, becomes, StepStatus.NEEDS_ATTENTION, TOO_FEW_APPROVERS)
    elif entered or (before.short_since is not None and after.state not in TERMINAL_APPROVAL_STATES):
        await _record(uow, after, becomes, StepStatus.RUNNING)
    if after.state in TERMINAL_APPROVAL_STATES and before.state not in TERMINAL_APPROVAL_STATES:
        if after.state is ApprovalState.APPROVED:
            await _record(uow, after, becomes, StepStatus.DONE)
        await ledger.finish_process(
            uow, process_id=after.process_id, status=ProcessStatus.COMPLETED, detail=after.state.value
        )


async def _record(
    uow: UnitOfWork, approval: Approval, position: int, status: StepStatus, detail: str | None = None
) -> None:
    assert approval.process_id is not None
    step = step_name(approval, position)
    await ledger.record_step(uow, process_id=approval.process_id, step=step, status=status, detail=detail)
