"""What may happen to an approval request: the table of the domain model as pure functions.

Nothing here reads a clock or a database. Each action takes where a request stands and who acts, and gives
where it stands afterwards or raises the refusal that the caller is told.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction, ApprovalState, StepIn
from services.kit.errors import Blocked, Forbidden
from services.opportunity.errors import (
    Advises,
    AlreadyVoted,
    CannotStepIn,
    NotAnApprover,
    NothingToTakeBack,
    OpinionAwaited,
    OwnRequest,
    WrongState,
)
from services.opportunity.progress import Actor, LastApproval, Progress

OPEN: Final = frozenset({ApprovalState.PENDING, ApprovalState.RETURNED, ApprovalState.ON_HOLD})

ALLOWED_FROM: dict[ApprovalAction, frozenset[ApprovalState]] = {
    ApprovalAction.SUBMIT: frozenset({ApprovalState.DRAFT}),
    ApprovalAction.APPROVE: frozenset({ApprovalState.PENDING}),
    ApprovalAction.REJECT: frozenset({ApprovalState.PENDING}),
    ApprovalAction.RETURN: frozenset({ApprovalState.PENDING}),
    ApprovalAction.TAKE_BACK: frozenset({ApprovalState.PENDING}),
    ApprovalAction.RESUBMIT: frozenset({ApprovalState.RETURNED}),
    ApprovalAction.NUDGE: frozenset({ApprovalState.PENDING}),
    ApprovalAction.CONSULT: frozenset({ApprovalState.DRAFT, ApprovalState.RETURNED}),
    ApprovalAction.RECALL: frozenset({ApprovalState.PENDING, ApprovalState.RETURNED}),
    ApprovalAction.REASSIGN: OPEN,
    ApprovalAction.ADD_APPROVER: frozenset({ApprovalState.PENDING}),
    ApprovalAction.ASK_OPINION: frozenset({ApprovalState.PENDING}),
    ApprovalAction.GIVE_OPINION: frozenset({ApprovalState.PENDING}),
    ApprovalAction.DECLINE_OPINION: frozenset({ApprovalState.PENDING}),
    ApprovalAction.WITHDRAW_OPINION: frozenset({ApprovalState.PENDING, ApprovalState.ON_HOLD}),
    ApprovalAction.ESCALATE: frozenset({ApprovalState.PENDING}),
    ApprovalAction.CANCEL: OPEN,
    ApprovalAction.RESTORE: frozenset({ApprovalState.CANCELLED}),
    # A draft has no workflow; the process of its customer's deletion holds it as a row.
    ApprovalAction.HOLD: frozenset({ApprovalState.DRAFT, ApprovalState.PENDING, ApprovalState.RETURNED}),
    ApprovalAction.RELEASE: frozenset({ApprovalState.ON_HOLD}),
}


def require_state(progress: Progress, action: ApprovalAction) -> None:
    """Raises Blocked with the process that holds the request, WrongState otherwise."""
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
    require_state(progress, ApprovalAction.SUBMIT)
    return replace(progress, state=ApprovalState.PENDING)


def votes_as(progress: Progress, actor: Actor) -> UUID:
    """Whose vote the actor casts: their own, that of a voter who named them proxy, or that of a voter below them whose
    place they take.

    One person fills one place of a stage: whoever is a voter of it votes in their own place only, and whoever has
    voted for somebody, or is asked for an opinion, does not vote for anybody else.
    """
    require_state(progress, ApprovalAction.APPROVE)
    if actor.user_id is None or not actor.may_decide or actor.is_admin:
        raise Forbidden()
    if progress.is_own(actor.user_id):
        raise OwnRequest()
    if actor.instead_of is not None:
        return _instead_of(actor.instead_of, actor.user_id, progress, actor)
    if actor.user_id in progress.current.voters:
        entitled = [actor.user_id]
    else:
        voters = progress.current.voters
        entitled = [voter for voter in voters if voter in actor.proxy_for and not progress.is_own(voter)]
    if not entitled:
        raise NotAnApprover()
    if entitled != [actor.user_id] and any(one.asked_id == actor.user_id for one in progress.asked_here):
        raise Advises()
    if actor.user_id not in progress.voted_by:
        for voter in entitled:
            if voter not in progress.approved_by:
                return voter
    raise AlreadyVoted()


def _instead_of(voter: UUID, superior: UUID, progress: Progress, actor: Actor) -> UUID:
    """``voter``, if the superior may take their place (引上げ承認).

    A superior without a place of the stage, that is: who has one decides in it, and who filled one has done so.
    """
    stage = progress.current
    if voter not in actor.superior_of:
        raise NotAnApprover()
    if stage.step_in is StepIn.NEVER or voter not in actor.open_places or voter not in progress.waiting_for:
        raise CannotStepIn()
    if superior in stage.voters:
        raise CannotStepIn()
    if any(one.asked_id == superior for one in progress.asked_here):
        raise Advises()
    if superior in progress.voted_by:
        raise AlreadyVoted()
    return voter


def may_step_in_for(progress: Progress, actor: Actor) -> tuple[UUID, ...]:
    """In whose places the actor may decide as their superior, in the order of the stage; none for who may decide in
    their own place or as a proxy."""
    if not actor.open_places or _may_vote(progress, actor):
        return ()
    return tuple(who for who in progress.waiting_for if _may_vote(progress, replace(actor, instead_of=who)))


def _may_vote(progress: Progress, actor: Actor) -> bool:
    try:
        votes_as(progress, actor)
    except (Forbidden, WrongState, Blocked, AlreadyVoted, CannotStepIn):
        return False
    return True


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
    _require_all_opinions(progress)
    assert actor.user_id is not None
    given = LastApproval(
        progress.generation,
        progress.revision,
        progress.stage,
        voter,
        actor.user_id,
        approved_by=progress.approved_by,
        voted_by=progress.voted_by,
        stepped_in=actor.instead_of is not None,
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
    require_state(progress, ApprovalAction.TAKE_BACK)
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


def _require_all_opinions(progress: Progress) -> None:
    if progress.decision_waits_for:
        raise OpinionAwaited(progress.decision_waits_for)


def reject(progress: Progress, actor: Actor) -> Progress:
    votes_as(progress, actor)
    _require_all_opinions(progress)
    return replace(progress, state=ApprovalState.REJECTED)


def return_(progress: Progress, actor: Actor) -> Progress:
    votes_as(progress, actor)
    return replace(progress, state=ApprovalState.RETURNED)


def resubmit(progress: Progress, actor: Actor) -> Progress:
    """Back at the stage that returned it; at the first one if what a stage approved is no longer what is asked for."""
    _require_owner(progress, actor)
    require_state(progress, ApprovalAction.RESUBMIT)
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
    require_state(progress, ApprovalAction.RECALL)
    return replace(progress, state=ApprovalState.RECALLED)


def nudge(progress: Progress, actor: Actor) -> Progress:
    """The owner asks those whom the request waits for to look at it; it stays where it is."""
    _require_owner(progress, actor)
    require_state(progress, ApprovalAction.NUDGE)
    return progress


def consult(progress: Progress, actor: Actor) -> Progress:
    """The owner shows what is not submitted yet to others, or to some of them no longer; it stays where it is."""
    _require_owner(progress, actor)
    require_state(progress, ApprovalAction.CONSULT)
    return progress


def escalate(progress: Progress, actor: Actor) -> Progress:  # noqa: ARG001
    """The deadline has passed: whom the stage names joins its voters. Never a decision."""
    require_state(progress, ApprovalAction.ESCALATE)
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
    require_state(progress, ApprovalAction.CANCEL)
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
    require_state(progress, ApprovalAction.RESTORE)
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
    require_state(progress, ApprovalAction.HOLD)
    return replace(progress, state=ApprovalState.ON_HOLD, state_before=progress.state, held_by=actor.process_id)


def release(progress: Progress, actor: Actor) -> Progress:
    if actor.process_id is None:
        raise Forbidden()
    require_state(progress, ApprovalAction.RELEASE)
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
