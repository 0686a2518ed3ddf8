"""What may happen to an approval request: the table of the domain model as pure functions.

Nothing here reads a clock or a database. Each action takes where a request stands and who acts, and gives
where it stands afterwards or raises the refusal that the caller is told.
"""

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction, ApprovalState, StageMode
from services.kit.errors import Blocked, Forbidden
from services.opportunity.errors import (
    AlreadyVoted,
    NotAnApprover,
    NothingToTakeBack,
    OwnRequest,
    ReassignmentConflict,
    WrongState,
)
from services.opportunity.progress import Actor, LastApproval, Place, Progress, Stage

_OPEN = frozenset({ApprovalState.PENDING, ApprovalState.RETURNED, ApprovalState.ON_HOLD})

ALLOWED_FROM: dict[ApprovalAction, frozenset[ApprovalState]] = {
    ApprovalAction.SUBMIT: frozenset({ApprovalState.DRAFT}),
    ApprovalAction.APPROVE: frozenset({ApprovalState.PENDING}),
    ApprovalAction.REJECT: frozenset({ApprovalState.PENDING}),
    ApprovalAction.RETURN: frozenset({ApprovalState.PENDING}),
    ApprovalAction.TAKE_BACK: frozenset({ApprovalState.PENDING}),
    ApprovalAction.RESUBMIT: frozenset({ApprovalState.RETURNED}),
    ApprovalAction.RECALL: frozenset({ApprovalState.PENDING, ApprovalState.RETURNED}),
    ApprovalAction.REASSIGN: _OPEN,
    ApprovalAction.ESCALATE: frozenset({ApprovalState.PENDING}),
    ApprovalAction.CANCEL: _OPEN,
    ApprovalAction.RESTORE: frozenset({ApprovalState.CANCELLED}),
    # A draft has no workflow; the process of its customer's deletion holds it as a row.
    ApprovalAction.HOLD: frozenset({ApprovalState.DRAFT, ApprovalState.PENDING, ApprovalState.RETURNED}),
    ApprovalAction.RELEASE: frozenset({ApprovalState.ON_HOLD}),
}


def _require_state(progress: Progress, action: ApprovalAction) -> None:
    if progress.state in ALLOWED_FROM[action]:
        return
    if progress.state is ApprovalState.ON_HOLD and progress.held_by is not None:
        raise Blocked(progress.held_by)
    raise WrongState(progress.state)


def _require_owner(progress: Progress, actor: Actor) -> None:
    if actor.user_id is None or not progress.is_own(actor.user_id):
        raise Forbidden()


def submit(progress: Progress, actor: Actor) -> Progress:
    _require_owner(progress, actor)
    _require_state(progress, ApprovalAction.SUBMIT)
    return replace(progress, state=ApprovalState.PENDING)


def votes_as(progress: Progress, actor: Actor) -> UUID:
    """Whose vote the actor casts: their own, or that of a voter who named them proxy.

    One person fills one place of a stage: whoever is a voter of it votes in their own place only, and whoever has
    voted for somebody does not vote for anybody else.
    """
    _require_state(progress, ApprovalAction.APPROVE)
    if actor.user_id is None or not actor.may_decide or actor.is_admin:
        raise Forbidden()
    if progress.is_own(actor.user_id):
        raise OwnRequest()
    if actor.user_id in progress.current.voters:
        entitled = [actor.user_id]
    else:
        voters = progress.current.voters
        entitled = [voter for voter in voters if voter in actor.proxy_for and not progress.is_own(voter)]
    if not entitled:
        raise NotAnApprover()
    if actor.user_id not in progress.voted_by:
        for voter in entitled:
            if voter not in progress.approved_by:
                return voter
    raise AlreadyVoted()


def stands_in_for(progress: Progress, actor: Actor) -> UUID | None:
    """In whose place the actor would decide as a proxy; None for their own place, and for who can't decide."""
    try:
        voter = votes_as(progress, actor)
    except (Forbidden, WrongState, Blocked, AlreadyVoted):
        return None
    return None if voter == actor.user_id else voter


def approve(progress: Progress, actor: Actor) -> Progress:
    """Count the vote; with enough of them the next stage begins, or the request is approved."""
    voter = votes_as(progress, actor)
    assert actor.user_id is not None
    given = LastApproval(
        progress.generation,
        progress.revision,
        progress.stage,
        voter,
        actor.user_id,
        approved_by=progress.approved_by,
        voted_by=progress.voted_by,
    )
    return _counted(
        replace(
            progress,
            approved_by=progress.approved_by | {voter},
            voted_by=progress.voted_by | {actor.user_id},
            last_approval=given,
        )
    )


def _counted(progress: Progress) -> Progress:
    if len(progress.approved_by) < progress.current.votes_needed:
        return progress
    if progress.stage + 1 < len(progress.stages):
        return replace(progress, stage=progress.stage + 1, approved_by=frozenset(), voted_by=frozenset())
    return replace(progress, state=ApprovalState.APPROVED)


def given_last(progress: Progress) -> LastApproval | None:
    """The approval after which nobody has acted: of the current stage, or the one that carried it there."""
    last = progress.last_approval
    if last is None or (last.generation, last.revision) != (progress.generation, progress.revision):
        return None
    if last.stage == progress.stage:
        counts = last.approver_id in progress.approved_by and last.voter_id in progress.voted_by
        return last if counts else None
    untouched = not progress.approved_by | progress.voted_by
    return last if last.stage == progress.stage - 1 and untouched else None


def take_back(progress: Progress, actor: Actor) -> Progress:
    """Who approved last takes that back, while nobody has acted after it; its stage waits for that vote again."""
    _require_state(progress, ApprovalAction.TAKE_BACK)
    if actor.user_id is None or not actor.may_decide or actor.is_admin:
        raise Forbidden()
    if progress.is_own(actor.user_id):
        raise OwnRequest()
    last = given_last(progress)
    if last is None or last.voter_id != actor.user_id:
        near = progress.stages[max(0, progress.stage - 1) : progress.stage + 1]
        if any(voter == actor.user_id or voter in actor.proxy_for for stage in near for voter in stage.voters):
            raise NothingToTakeBack()
        raise NotAnApprover()
    stages = list(progress.stages)
    if last.stage != progress.stage:
        # The time of the stage that is left begins anew later, so whoever joined after its deadline goes.
        stages[progress.stage] = replace(progress.current, escalated_to=None)
    return replace(
        progress,
        stages=tuple(stages),
        stage=last.stage,
        approved_by=last.approved_by,
        voted_by=last.voted_by,
        last_approval=None,
    )


def reject(progress: Progress, actor: Actor) -> Progress:
    votes_as(progress, actor)
    return replace(progress, state=ApprovalState.REJECTED)


def return_(progress: Progress, actor: Actor) -> Progress:
    votes_as(progress, actor)
    return replace(progress, state=ApprovalState.RETURNED)


def resubmit(progress: Progress, actor: Actor) -> Progress:
    """Back at the stage that returned it; at the first one if what a stage approved is no longer what is asked for."""
    _require_owner(progress, actor)
    _require_state(progress, ApprovalAction.RESUBMIT)
    stages = progress.stages
    if progress.terms_changed:
        # Their time begins anew, so whoever joined after the last deadline goes.
        stages = tuple(replace(stage, escalated_to=None) for stage in stages)
    return replace(
        progress,
        state=ApprovalState.PENDING,
        stages=stages,
        stage=0 if progress.terms_changed else progress.stage,
        revision=progress.revision + 1,
        approved_by=frozenset(),
        voted_by=frozenset(),
        terms_changed=False,
    )


def recall(progress: Progress, actor: Actor) -> Progress:
    _require_owner(progress, actor)
    _require_state(progress, ApprovalAction.RECALL)
    return replace(progress, state=ApprovalState.RECALLED)


def _replaced(stage: Stage, from_id: UUID, to_id: UUID, *, voted: bool, lenient: bool) -> Stage:
    stage = replace(
        stage,
        viewer_ids=_exchanged(stage.viewer_ids, from_id, to_id),
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
    _require_state(progress, ApprovalAction.REASSIGN)
    if progress.is_own(to_id) or from_id == to_id:
        raise ReassignmentConflict()
    if to_id in progress.voted_by and to_id not in progress.current.voters and _asks(progress.current, from_id):
        # They have filled a place of this stage as a proxy.
        raise ReassignmentConflict()
    stages = list(progress.stages)
    for position in range(progress.stage, len(stages)):
        voted = position == progress.stage and from_id in progress.approved_by
        stages[position] = _replaced(stages[position], from_id, to_id, voted=voted, lenient=by_process)
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
    if progress.state not in _OPEN or progress.is_own(leaver):
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


def escalate(progress: Progress, actor: Actor) -> Progress:  # noqa: ARG001
    """The deadline has passed: whom the stage names joins its voters. Never a decision."""
    _require_state(progress, ApprovalAction.ESCALATE)
    stage = progress.current
    joins = stage.escalate_to
    if joins is None or joins in stage.voters or joins in progress.voted_by or progress.is_own(joins):
        return progress
    stages = list(progress.stages)
    stages[progress.stage] = replace(stage, escalated_to=joins)
    return replace(progress, stages=tuple(stages))


def cancel(progress: Progress, actor: Actor) -> Progress:
    """By an administrator; or by the process that holds the request, which remembers what it was before."""
    if actor.process_id is None and not actor.is_admin:
        raise Forbidden()
    _require_state(progress, ApprovalAction.CANCEL)
    if progress.held_by is not None and progress.held_by != actor.process_id:
        raise Blocked(progress.held_by)
    if progress.held_by is None and actor.process_id is not None:
        raise WrongState(progress.state)
    before = progress.state_before or progress.state
    return replace(
        progress, state=ApprovalState.CANCELLED, state_before=before, held_by=None, cancelled_by=actor.process_id
    )


def restore(progress: Progress, actor: Actor, *, deletion_id: UUID) -> Progress:
    """What a deletion cancelled goes back to its owner as a new generation; a draft is a draft again."""
    if actor.process_id is None:
        raise Forbidden()
    _require_state(progress, ApprovalAction.RESTORE)
    if progress.cancelled_by != deletion_id:
        raise WrongState(progress.state)
    if progress.state_before is ApprovalState.DRAFT:
        return replace(progress, state=ApprovalState.DRAFT, state_before=None, cancelled_by=None)
    return replace(
        progress,
        state=ApprovalState.RETURNED,
        generation=progress.generation + 1,
        approved_by=frozenset(),
        voted_by=frozenset(),
        state_before=None,
        cancelled_by=None,
    )


def hold(progress: Progress, actor: Actor) -> Progress:
    if actor.process_id is None:
        raise Forbidden()
    _require_state(progress, ApprovalAction.HOLD)
    return replace(progress, state=ApprovalState.ON_HOLD, state_before=progress.state, held_by=actor.process_id)


def release(progress: Progress, actor: Actor) -> Progress:
    if actor.process_id is None:
        raise Forbidden()
    _require_state(progress, ApprovalAction.RELEASE)
    if progress.held_by != actor.process_id or progress.state_before is None:
        raise WrongState(progress.state)
    return replace(progress, state=progress.state_before, state_before=None, held_by=None)


def votes_missing(progress: Progress, unable: frozenset[UUID]) -> int:
    """How many votes the current stage asks for beyond those that it can still get.

    ``unable``: voters in whose place nobody can vote, neither they nor a proxy.
    """
    if progress.state is not ApprovalState.PENDING:
        return 0
    possible = sum(voter not in unable for voter in progress.waiting_for)
    return max(0, progress.current.votes_needed - len(progress.approved_by) - possible)


def may_reassign(progress: Progress, actor: Actor) -> bool:
    """Whether the actor has a place to hand over: their own, one that they stand in for, or as an administrator any."""
    return progress.state in _OPEN and (actor.is_admin or _has_a_place(progress, actor))


def _has_a_place(progress: Progress, actor: Actor) -> bool:
    places = {actor.user_id, *actor.proxy_for}
    for position in range(progress.stage, len(progress.stages)):
        voted = progress.approved_by if position == progress.stage else frozenset()
        if any(voter in places and voter not in voted for voter in progress.stages[position].approver_ids):
            return True
    return False


def never_moot(progress: Progress, actor: Actor) -> bool:  # noqa: ARG001
    return False


def ended_for_process(progress: Progress, actor: Actor) -> bool:
    """A person is told that it has ended, a process finds its work done."""
    return actor.process_id is not None and progress.state in TERMINAL_APPROVAL_STATES


def ended_or_held(progress: Progress, actor: Actor) -> bool:
    """What has ended before a hold stays as it is."""
    return progress.state in TERMINAL_APPROVAL_STATES or progress.held_by == actor.process_id


def not_held(progress: Progress, actor: Actor) -> bool:
    return progress.held_by != actor.process_id
