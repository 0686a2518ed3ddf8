"""What may happen to an approval request: the table of the domain model as pure functions.

Nothing here reads a clock or a database. Each action takes where a request stands and who acts, and gives
where it stands afterwards or raises the refusal that the caller is told.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from services.contracts.states import TERMINAL_APPROVAL_STATES, ApprovalAction, ApprovalState, StageMode
from services.kit.errors import Blocked, Forbidden
from services.opportunity.errors import AlreadyVoted, NotAnApprover, OwnRequest, ReassignmentConflict, WrongState

_OPEN = frozenset({ApprovalState.PENDING, ApprovalState.RETURNED, ApprovalState.ON_HOLD})

ALLOWED_FROM: dict[ApprovalAction, frozenset[ApprovalState]] = {
    ApprovalAction.SUBMIT: frozenset({ApprovalState.DRAFT}),
    ApprovalAction.APPROVE: frozenset({ApprovalState.PENDING}),
    ApprovalAction.REJECT: frozenset({ApprovalState.PENDING}),
    ApprovalAction.RETURN: frozenset({ApprovalState.PENDING}),
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


@dataclass(frozen=True, slots=True)
class Stage:
    name: str
    approver_ids: tuple[UUID, ...]
    mode: StageMode = StageMode.ANY
    quorum: int | None = None
    deadline_hours: int | None = None
    business_days: bool = False
    """The deadline counts the hours of business days only (Japan's calendar)."""
    escalate_to: UUID | None = None
    escalated_to: UUID | None = None
    """Who joined after the deadline: one voter more, no vote more is needed."""
    viewer_ids: tuple[UUID, ...] = ()

    def __post_init__(self) -> None:
        # Whatever door a stage came through: nobody has two places in it.
        object.__setattr__(self, "approver_ids", tuple(dict.fromkeys(self.approver_ids)))
        object.__setattr__(self, "viewer_ids", tuple(dict.fromkeys(self.viewer_ids)))

    @property
    def voters(self) -> tuple[UUID, ...]:
        joined = self.escalated_to
        return self.approver_ids if joined is None or joined in self.approver_ids else (*self.approver_ids, joined)

    @property
    def votes_needed(self) -> int:
        if self.mode is StageMode.ALL:
            return len(self.approver_ids)
        return 1 if self.mode is StageMode.ANY else min(self.quorum or 1, len(self.approver_ids))


@dataclass(frozen=True, slots=True)
class Progress:
    """The part of a request that decides what may happen to it."""

    state: ApprovalState
    requester_id: UUID
    owner_id: UUID
    stages: tuple[Stage, ...]
    stage: int = 0
    revision: int = 1
    generation: int = 1
    approved_by: frozenset[UUID] = frozenset()
    """Voters of the current stage and revision whose approval counts."""
    state_before: ApprovalState | None = None
    """While ON_HOLD, and after a held request was cancelled: what it was before."""
    held_by: UUID | None = None
    cancelled_by: UUID | None = None

    @property
    def current(self) -> Stage:
        return self.stages[self.stage]

    @property
    def waiting_for(self) -> tuple[UUID, ...]:
        """Voters whose answer the current stage still awaits."""
        if self.state is not ApprovalState.PENDING:
            return ()
        return tuple(voter for voter in self.current.voters if voter not in self.approved_by and not self.is_own(voter))

    def is_own(self, user_id: UUID) -> bool:
        return user_id in (self.requester_id, self.owner_id)


@dataclass(frozen=True, slots=True)
class Place:
    """What one stage asked of somebody who left."""

    position: int
    approver: bool
    dropped: bool
    """The successor was an approver of the stage already, so the leaver's place was not filled."""
    escalate_to: bool
    quorum: int | None = None


def places_of(progress: Progress, leaver: UUID, successor: UUID) -> list[Place]:
    """The leaver's places in the current and in later stages, before the successor takes them."""
    return [
        Place(
            position,
            leaver in stage.approver_ids,
            successor in stage.approver_ids,
            stage.escalate_to == leaver,
            stage.quorum,
        )
        for position, stage in enumerate(progress.stages)
        if position >= progress.stage and leaver in (*stage.approver_ids, stage.escalate_to)
    ]


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a user, or a process."""

    user_id: UUID | None
    may_decide: bool = False
    is_admin: bool = False
    proxy_for: frozenset[UUID] = frozenset()
    """Colleagues who named the user their proxy for this moment."""
    process_id: UUID | None = None


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
    """Whose vote the actor casts: their own, or that of a voter who named them proxy."""
    _require_state(progress, ApprovalAction.APPROVE)
    if actor.user_id is None or not actor.may_decide or actor.is_admin:
        raise Forbidden()
    if progress.is_own(actor.user_id):
        raise OwnRequest()
    entitled = [
        voter
        for voter in progress.current.voters
        if (voter == actor.user_id or voter in actor.proxy_for) and not progress.is_own(voter)
    ]
    if not entitled:
        raise NotAnApprover()
    entitled.sort(key=lambda voter: voter != actor.user_id)
    for voter in entitled:
        if voter not in progress.approved_by:
            return voter
    raise AlreadyVoted()


def approve(progress: Progress, actor: Actor) -> Progress:
    """Count the vote; with enough of them the next stage begins, or the request is approved."""
    return _counted(replace(progress, approved_by=progress.approved_by | {votes_as(progress, actor)}))


def _counted(progress: Progress) -> Progress:
    if len(progress.approved_by) < progress.current.votes_needed:
        return progress
    if progress.stage + 1 < len(progress.stages):
        return replace(progress, stage=progress.stage + 1, approved_by=frozenset())
    return replace(progress, state=ApprovalState.APPROVED)


def reject(progress: Progress, actor: Actor) -> Progress:
    votes_as(progress, actor)
    return replace(progress, state=ApprovalState.REJECTED)


def return_(progress: Progress, actor: Actor) -> Progress:
    votes_as(progress, actor)
    return replace(progress, state=ApprovalState.RETURNED)


def resubmit(progress: Progress, actor: Actor) -> Progress:
    """Back at the stage that returned it; what was approved there was another revision."""
    _require_owner(progress, actor)
    _require_state(progress, ApprovalAction.RESUBMIT)
    return replace(progress, state=ApprovalState.PENDING, revision=progress.revision + 1, approved_by=frozenset())


def recall(progress: Progress, actor: Actor) -> Progress:
    _require_owner(progress, actor)
    _require_state(progress, ApprovalAction.RECALL)
    return replace(progress, state=ApprovalState.RECALLED)


def _replaced(stage: Stage, from_id: UUID, to_id: UUID, *, voted: bool, lenient: bool) -> Stage:
    stage = replace(stage, viewer_ids=_exchanged(stage.viewer_ids, from_id, to_id))
    escalate_to = to_id if stage.escalate_to == from_id else stage.escalate_to
    escalated_to = to_id if stage.escalated_to == from_id and not voted else stage.escalated_to
    if from_id not in stage.approver_ids or voted:
        return replace(stage, escalate_to=escalate_to, escalated_to=escalated_to)
    if to_id not in stage.approver_ids:
        approvers = tuple(to_id if approver == from_id else approver for approver in stage.approver_ids)
        return replace(stage, approver_ids=approvers, escalate_to=escalate_to, escalated_to=escalated_to)
    if not lenient:
        raise ReassignmentConflict()
    # A leaver's place is taken by somebody who has one already: one voter less, and never more votes than voters.
    approvers = tuple(approver for approver in stage.approver_ids if approver != from_id)
    quorum = None if stage.quorum is None else min(stage.quorum, len(approvers))
    return replace(stage, approver_ids=approvers, quorum=quorum, escalate_to=escalate_to, escalated_to=escalated_to)


def _exchanged(users: tuple[UUID, ...], from_id: UUID, to_id: UUID) -> tuple[UUID, ...]:
    """``to_id`` in the place of ``from_id``, once."""
    return tuple(dict.fromkeys(to_id if user == from_id else user for user in users))


def reassign(progress: Progress, actor: Actor, *, from_id: UUID, to_id: UUID) -> Progress:
    """``to_id`` takes the place of ``from_id`` in the current and in later stages; votes given stay."""
    by_process = actor.process_id is not None
    if not by_process and not actor.is_admin and actor.user_id != from_id and from_id not in actor.proxy_for:
        raise Forbidden()
    _require_state(progress, ApprovalAction.REASSIGN)
    if progress.is_own(to_id) or from_id == to_id:
        raise ReassignmentConflict()
    stages = list(progress.stages)
    for position in range(progress.stage, len(stages)):
        voted = position == progress.stage and from_id in progress.approved_by
        stages[position] = _replaced(stages[position], from_id, to_id, voted=voted, lenient=by_process)
    moved = replace(progress, stages=tuple(stages))
    if moved.stages == progress.stages:
        raise NotAnApprover()
    if len(moved.approved_by) >= moved.current.votes_needed:
        # The successor has voted here already. One voter less would end the stage without anybody's decision.
        raise ReassignmentConflict()
    return moved


def give_back(progress: Progress, *, leaver: UUID, successor: UUID, places: Sequence[Place]) -> Progress:
    """A leaver who returns takes those of their places again that still belong to the successor."""
    if progress.state not in _OPEN or progress.is_own(leaver):
        return progress
    stages = list(progress.stages)
    for place in places:
        if place.position < progress.stage:
            continue
        stage = stages[place.position]
        voted = progress.approved_by if place.position == progress.stage else frozenset()
        if place.approver and leaver not in stage.approver_ids and not {leaver, successor} & voted:
            if place.dropped:
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
    if joins is None or joins in stage.voters or progress.is_own(joins):
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
