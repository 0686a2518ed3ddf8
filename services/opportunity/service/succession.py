"""The places of those who left, given to whoever has their work now; a place that nobody can take stays vacant."""

from dataclasses import replace
from uuid import UUID

from services.contracts.permissions import Role
from services.contracts.states import StageMode
from services.kit.db.database import UnitOfWork
from services.opportunity.progress import Progress, Stage
from services.opportunity.repository import handover, people

LONGEST_SUCCESSION = 20
"""Successors of successors that are followed; more is a circle."""


async def with_successors(uow: UnitOfWork, progress: Progress) -> Progress:
    """The same request without anybody who has left, in any of its stages."""
    owner = await _present(uow, progress.owner_id)
    progress = replace(progress, owner_id=owner or progress.owner_id)
    stages = [await _stage_with_successors(uow, progress, stage) for stage in progress.stages]
    return replace(progress, stages=tuple(stages))


async def _stage_with_successors(uow: UnitOfWork, progress: Progress, stage: Stage) -> Stage:
    """As many votes as before: one person fills one place, and whose place nobody fills is waited for."""
    asked: list[UUID] = []
    vacant = list(stage.vacant_ids)
    given = progress.approved_by if stage is progress.current else frozenset()
    for approver in stage.approver_ids:
        # Whose vote counts stays: it was given while they were there.
        present = approver if approver in given else await _present(uow, approver)
        if present is not None and present not in asked and not progress.is_own(present):
            asked.append(present)
        else:
            vacant.append(approver)
    if not asked and stage.mode is StageMode.ANY:
        asked = await people.approvers_by_role(uow, Role.APPROVER, [progress.requester_id, progress.owner_id])
    if asked and stage.mode is StageMode.ANY:
        vacant = []
    escalate_to = None if stage.escalate_to is None else await _present(uow, stage.escalate_to)
    viewers = [await _present(uow, viewer) for viewer in stage.viewer_ids]
    reviewers = [await _present(uow, reviewer) for reviewer in stage.reviewer_ids]
    return replace(
        stage,
        approver_ids=tuple(asked),
        vacant_ids=tuple(vacant),
        escalate_to=escalate_to,
        escalated_to=None,
        viewer_ids=tuple(viewer for viewer in viewers if viewer is not None),
        reviewer_ids=tuple(reviewer for reviewer in reviewers if reviewer is not None),
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
