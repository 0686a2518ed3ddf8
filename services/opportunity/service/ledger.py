"""The ledger of an approval: its stages are the steps, kept by the transactions that move the row."""

from uuid import UUID

from services.contracts.processes import ApprovalInput, ProcessType, TaskQueue, approval_id
from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalState
from services.kit.db.database import UnitOfWork
from services.kit.processes import ledger
from services.kit.processes.beginning import NewProcess, begin_process
from services.kit.processes.statuses import ProcessStatus, StepStatus
from services.opportunity.record import Approval


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
    passed = after.progress.stage != before.progress.stage
    if passed:
        await _record(uow, before, before.progress.stage, StepStatus.DONE)
    # A restored request's stage begins when it is resubmitted: nobody had to approve when its process was opened.
    if passed or (before.state is ApprovalState.RETURNED and after.state is ApprovalState.PENDING):
        await _record(uow, after, after.progress.stage, StepStatus.RUNNING)
    if after.state in TERMINAL_APPROVAL_STATES and before.state not in TERMINAL_APPROVAL_STATES:
        if after.state is ApprovalState.APPROVED:
            await _record(uow, after, after.progress.stage, StepStatus.DONE)
        await ledger.finish_process(
            uow, process_id=after.process_id, status=ProcessStatus.COMPLETED, detail=after.state.value
        )


async def _record(uow: UnitOfWork, approval: Approval, position: int, status: StepStatus) -> None:
    assert approval.process_id is not None
    await ledger.record_step(uow, process_id=approval.process_id, step=step_name(approval, position), status=status)
