"""Who has a place in a request, and how places are given away, taken over and added: pure rules, as in ``machine``."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.contracts.states import ApprovalAction, StageMode
from services.kit.errors import Blocked, Forbidden
from services.opportunity import machine
from services.opportunity.errors import AlreadyVoted, CannotBeAdded, NotAnApprover, ReassignmentConflict, WrongState
from services.opportunity.progress import Actor, Place, Progress, Stage

ADDED_STAGE_NAME: Final = "追加承認"
MOST_STAGES: Final = 20
"""Of a request with all that was added to its route, so that nobody is added for ever."""


def _shown_to(stage: Stage, from_id: UUID, to_id: UUID) -> Stage:
    """``to_id`` reads, and reviews after the decision, what ``from_id`` was to."""
    return replace(
        stage,
        viewer_ids=_exchanged(stage.viewer_ids, from_id, to_id),
        reviewer_ids=_exchanged(stage.reviewer_ids, from_id, to_id),
    )


def _replaced(stage: Stage, from_id: UUID, to_id: UUID, *, voted: bool, lenient: bool) -> Stage:
    stage = replace(
        _shown_to(stage, from_id, to_id),
        escalate_to=to_id if stage.escalate_to == from_id else stage.escalate_to,
        escalated_to=to_id if stage.escalated_to == from_id and not voted else stage.escalated_to,
    )
    asked = from_id in stage.approver_ids and not voted
    if not asked and from_id not in stage.vacant_ids:
        return stage
    if to_id in stage.approver_ids:
        if not lenient:
            raise ReassignmentConflict()
        # One person fills one place: the leaver's stays vacant and goes on to count.
        left = tuple(approver for approver in stage.approver_ids if approver != from_id)
        vacant = () if stage.mode is StageMode.ANY else tuple(dict.fromkeys((*stage.vacant_ids, from_id)))
        return replace(stage, approver_ids=left, vacant_ids=vacant)
    if asked:
        # Whoever had left a place here themselves comes back to it, and it is now the other one that waits.
        approvers = _exchanged(stage.approver_ids, from_id, to_id)
        return replace(stage, approver_ids=approvers, vacant_ids=_exchanged(stage.vacant_ids, to_id, from_id))
    filled = to_id if to_id in stage.vacant_ids else from_id
    vacant = tuple(leaver for leaver in stage.vacant_ids if leaver != filled)
    return replace(stage, approver_ids=(*stage.approver_ids, to_id), vacant_ids=vacant)


def _exchanged(users: tuple[UUID, ...], from_id: UUID, to_id: UUID) -> tuple[UUID, ...]:
    """``to_id`` in the place of ``from_id``, once."""
    return tuple(dict.fromkeys(to_id if user == from_id else user for user in users))


def reassign(progress: Progress, actor: Actor, *, from_id: UUID, to_id: UUID) -> Progress:
    """``to_id`` takes the place of ``from_id`` in the current and in later stages; votes given stay.

    ``from_id`` may have left a place vacant. A process whose successor has a place already leaves one vacant itself.
    """
    by_process = actor.process_id is not None
    if not by_process and not actor.is_admin and actor.user_id != from_id and from_id not in actor.proxy_for:
        raise Forbidden()
    machine.require_state(progress, ApprovalAction.REASSIGN)
    if progress.is_own(to_id) or from_id == to_id:
        raise ReassignmentConflict()
    if to_id in progress.voted_by and to_id not in progress.current.voters and _asks(progress.current, from_id):
        # They have filled a place of this stage as a proxy.
        raise ReassignmentConflict()
    stages = list(progress.stages)
    for position in range(progress.stage, len(stages)):
        voted = position == progress.stage and from_id in progress.approved_by
        stages[position] = _replaced(stages[position], from_id, to_id, voted=voted, lenient=by_process)
    if by_process:
        # Whoever leaves reads and reviews nothing any more, of stages that are through neither.
        stages[: progress.stage] = [_shown_to(stage, from_id, to_id) for stage in stages[: progress.stage]]
    moved = replace(progress, stages=tuple(stages))
    if moved.stages == progress.stages:
        raise NotAnApprover()
    return moved


def _asks(stage: Stage, user_id: UUID) -> bool:
    return user_id in (*stage.voters, *stage.vacant_ids)


def leaves_vacant(before: Progress, after: Progress) -> bool:
    """Whether a reassignment found nobody for a place."""
    pairs = zip(before.stages, after.stages, strict=True)
    return any(len(new.vacant_ids) > len(old.vacant_ids) for old, new in pairs)


def give_back(progress: Progress, *, leaver: UUID, successor: UUID, places: Sequence[Place]) -> Progress:
    """A leaver who returns takes those of their places again that still belong to the successor."""
    if progress.state not in machine.OPEN or progress.is_own(leaver):
        return progress
    stages = list(progress.stages)
    for place in places:
        if place.position < progress.stage:
            continue
        stage = stages[place.position]
        voted = progress.approved_by | progress.voted_by if place.position == progress.stage else frozenset()
        if place.approver and leaver not in stage.approver_ids and not {leaver, successor} & voted:
            if place.dropped and place.vacant:
                if leaver in stage.vacant_ids:  # or else somebody was named for it meanwhile
                    vacant = tuple(other for other in stage.vacant_ids if other != leaver)
                    stage = replace(stage, approver_ids=(*stage.approver_ids, leaver), vacant_ids=vacant)
            elif place.dropped:
                quorum = place.quorum if stage.quorum is not None else None
                stage = replace(stage, approver_ids=(*stage.approver_ids, leaver), quorum=quorum)
            elif successor in stage.approver_ids:
                stage = replace(stage, approver_ids=_exchanged(stage.approver_ids, successor, leaver))
        if place.escalate_to and stage.escalate_to == successor:
            stage = replace(stage, escalate_to=leaver)
        stages[place.position] = stage
    return replace(progress, stages=tuple(stages))


def may_reassign(progress: Progress, actor: Actor) -> bool:
    """Whether the actor has a place to hand over: their own, one that they stand in for, or as an administrator any."""
    return progress.state in machine.OPEN and (actor.is_admin or _has_a_place(progress, actor))


def _has_a_place(progress: Progress, actor: Actor) -> bool:
    places = {actor.user_id, *actor.proxy_for}
    for position in range(progress.stage, len(progress.stages)):
        voted = progress.approved_by if position == progress.stage else frozenset()
        if any(voter in places and voter not in voted for voter in progress.stages[position].approver_ids):
            return True
    return False


def add_approver(progress: Progress, actor: Actor, *, user_id: UUID, before: bool) -> Progress:
    """A stage of their own for somebody, before or after the one in which the actor is asked.

    ``before``: it is their turn now, and the present stage comes again after them; only while nobody has voted in it.
    """
    machine.require_state(progress, ApprovalAction.ADD_APPROVER)
    machine.votes_as(progress, actor)
    voted = progress.approved_by | progress.voted_by
    taken = progress.is_own(user_id) or user_id in progress.current.voters
    if taken or (before and voted) or len(progress.stages) >= MOST_STAGES:
        raise CannotBeAdded()
    current = progress.current
    added = Stage(
        ADDED_STAGE_NAME, (user_id,), deadline_hours=current.deadline_hours, business_days=current.business_days
    )
    position = added_at(progress, before=before)
    stages = (*progress.stages[:position], added, *progress.stages[position:])
    # Whoever approved before has been answered: that is not taken back any more.
    return replace(progress, stages=stages, last_approval=None)


def added_at(progress: Progress, *, before: bool) -> int:
    """The position of the stage that is added."""
    return progress.stage if before else progress.stage + 1


def may_add_approver(progress: Progress, actor: Actor) -> bool:
    """Whether the actor has a place before or after which somebody could be added."""
    try:
        machine.votes_as(progress, actor)
    except (Forbidden, WrongState, Blocked, AlreadyVoted):
        return False
    return len(progress.stages) < MOST_STAGES
