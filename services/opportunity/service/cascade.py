"""What a customer's restoration does with requests, row by row; holding and cancelling are commands like any other."""

from dataclasses import replace
from uuid import UUID

from services.contracts.states import OPEN_APPROVAL_STATES, ApprovalAction, ApprovalState
from services.kit.db.database import UnitOfWork
from services.kit.running.ids import new_id
from services.opportunity import machine
from services.opportunity.progress import Actor
from services.opportunity.repository.cascade import (
    cancelled,
    count_cancelled,
    count_held,
    count_not_held_by,
    count_restored,
    count_to_hold,
    held,
    restored,
    to_hold,
)
from services.opportunity.service import ledger
from services.opportunity.service.commands import locked
from services.opportunity.service.succession import with_successors
from services.opportunity.service.transition import Transition, commit, moved

__all__ = [
    "cancelled",
    "count_cancelled",
    "count_held",
    "count_not_held_by",
    "count_restored",
    "count_to_hold",
    "held",
    "recancel",
    "restore",
    "restored",
    "to_hold",
]


async def restore(uow: UnitOfWork, approval_id: UUID, *, deletion_id: UUID, process_id: UUID, actor_id: UUID) -> None:
    """CANCELLED by the deletion → RETURNED to its owner as a new generation; a draft is a draft again.

    Whoever left meanwhile is replaced by their successor. Does nothing to a request that is not the deletion's.
    """
    before = await locked(uow, approval_id)
    if before.progress.cancelled_by != deletion_id:
        return
    progress = machine.restore(before.progress, Actor(actor_id, process_id=process_id), deletion_id=deletion_id)
    progress = await with_successors(uow, progress)
    transition = Transition(ApprovalAction.RESTORE, "PROCESS", actor_id, process_id=process_id)
    after = replace(await moved(uow, before, progress, transition), restored_by=process_id)
    if progress.state is ApprovalState.DRAFT:
        await commit(uow, before, after, transition, workflow_knows=False)
        return
    after = replace(after, process_id=new_id(), escalated_at=None, reminded_at=None)
    await commit(uow, before, after, transition, workflow_knows=False)
    await ledger.begin(uow, after, actor_id)


async def recancel(uow: UnitOfWork, approval_id: UUID, *, deletion_id: UUID, process_id: UUID, actor_id: UUID) -> None:
    """Undo of `restore`: cancelled again under the id of the deletion."""
    before = await locked(uow, approval_id)
    undoable = OPEN_APPROVAL_STATES | {ApprovalState.DRAFT}
    if before.restored_by != process_id or before.state not in undoable:
        return
    again = Actor(actor_id, process_id=deletion_id)
    progress = machine.cancel(machine.hold(before.progress, again), again)
    transition = Transition(ApprovalAction.CANCEL, "PROCESS", actor_id, process_id=process_id)
    after = replace(await moved(uow, before, progress, transition), restored_by=None)
    await commit(uow, before, after, transition, workflow_knows=False)
