"""What a customer's restoration does with requests, row by row; holding and cancelling are commands like any other."""

from dataclasses import replace
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import OPEN_APPROVAL_STATES, ApprovalAction, ApprovalState
from services.kit.db.database import UnitOfWork
from services.kit.running.ids import new_id
from services.opportunity import machine
from services.opportunity.machine import Actor, Progress, Stage
from services.opportunity.repository import handover, people
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

LONGEST_SUCCESSION = 20
"""Successors of successors that are followed; more is a circle."""


async def restore(uow: UnitOfWork, approval_id: UUID, *, deletion_id: UUID, process_id: UUID, actor_id: UUID) -> None:
    """CANCELLED by the deletion → RETURNED to its owner as a new generation; a draft is a draft again.

    Whoever left meanwhile is replaced by their successor. Does nothing to a request that is not the deletion's.
    """
    before = await locked(uow, approval_id)
    if before.progress.cancelled_by != deletion_id:
        return
    progress = machine.restore(before.progress, Actor(actor_id, process_id=process_id), deletion_id=deletion_id)
    progress = await _with_successors(uow, progress)
    transition = Transition(ApprovalAction.RESTORE, "PROCESS", actor_id, process_id=process_id)
    after = replace(moved(before, progress, transition), restored_by=process_id)
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
    await commit(
        uow, before, replace(moved(before, progress, transition), restored_by=None), transition, workflow_knows=False
    )


async def _with_successors(uow: UnitOfWork, progress: Progress) -> Progress:
    """The same request without anybody who has left."""
    owner = await _present(uow, progress.owner_id)
    progress = replace(progress, owner_id=owner or progress.owner_id)
    stages = [await _stage_with_successors(uow, progress, stage) for stage in progress.stages]
    return replace(progress, stages=tuple(stages))


async def _stage_with_successors(uow: UnitOfWork, progress: Progress, stage: Stage) -> Stage:
    asked: list[UUID] = []
    for approver in stage.approver_ids:
        present = await _present(uow, approver)
        if present is not None and present not in asked and not progress.is_own(present):
            asked.append(present)
    if not asked:
        asked = await people.approvers_by_role(uow, Role.APPROVER, [progress.requester_id, progress.owner_id])
    escalate_to = None if stage.escalate_to is None else await _present(uow, stage.escalate_to)
    viewers = [await _present(uow, viewer) for viewer in stage.viewer_ids]
    return replace(
        stage,
        approver_ids=tuple(asked) or stage.approver_ids,
        quorum=None if stage.quorum is None else min(stage.quorum, len(asked) or len(stage.approver_ids)),
        escalate_to=escalate_to,
        escalated_to=None,
        viewer_ids=tuple(viewer for viewer in viewers if viewer is not None),
    )


async def _present(uow: UnitOfWork, user_id: UUID) -> UUID | None:
    """The user, or whoever has their work now; locked against leaving. None where the trail ends."""
    for _ in range(LONGEST_SUCCESSION):
        known = await uow.one("SELECT state, blocked_by_process FROM user_copies WHERE id = %s FOR SHARE", [user_id])
        successor = await handover.successor_of(uow, user_id)
        if successor is None:
            return user_id if known is not None and known["state"] not in people.LEAVING_STATES else None
        user_id = successor
    return None
