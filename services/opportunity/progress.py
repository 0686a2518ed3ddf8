"""Where an approval request stands, and who acts on it: what the rules of the machine are asked about."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.contracts.states import ApprovalState, StageMode, StepIn, ViewWhen

SUPERIOR: Final = "SUPERIOR"
"""In which capacity somebody acts who takes the place of an approver below them."""


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
    step_in: StepIn = StepIn.NEVER
    """Whether superiors of its voters may decide in their places."""
    viewer_ids: tuple[UUID, ...] = ()
    view_when: ViewWhen = ViewWhen.STAGE
    """When those are shown the request."""
    reviewer_ids: tuple[UUID, ...] = ()
    """Who reviews it after the decision."""
    vacant_ids: tuple[UUID, ...] = ()
    """Who left a place that nobody could take over. It still counts: the stage asks for as many votes as before."""

    def __post_init__(self) -> None:
        # Whatever door a stage came through: nobody has two places in it.
        object.__setattr__(self, "approver_ids", tuple(dict.fromkeys(self.approver_ids)))
        object.__setattr__(self, "viewer_ids", tuple(dict.fromkeys(self.viewer_ids)))
        object.__setattr__(self, "reviewer_ids", tuple(dict.fromkeys(self.reviewer_ids)))

    @property
    def voters(self) -> tuple[UUID, ...]:
        joined = self.escalated_to
        return self.approver_ids if joined is None or joined in self.approver_ids else (*self.approver_ids, joined)

    @property
    def votes_needed(self) -> int:
        """What the stage asked for when it was planned; never fewer because somebody left."""
        if self.mode is StageMode.ALL:
            return len(self.approver_ids) + len(self.vacant_ids)
        return 1 if self.mode is StageMode.ANY else self.quorum or 1


@dataclass(frozen=True, slots=True)
class LastApproval:
    """The approval that was given last, and what counted in its stage before it."""

    generation: int
    revision: int
    stage: int
    approver_id: UUID
    """Whose vote it is."""
    voter_id: UUID
    """Who gave it: the approver, their proxy, or a superior who stepped in."""
    approved_by: frozenset[UUID]
    voted_by: frozenset[UUID]
    stepped_in: bool = False


@dataclass(frozen=True, slots=True)
class Opinion:
    """A question to somebody who decides nothing in the stage in which it is put, and their answer (意見照会)."""

    generation: int
    revision: int
    stage: int
    asked_id: UUID
    asker_id: UUID
    """Who put it: the approver, or their proxy."""
    approver_id: UUID
    """In whose place."""
    blocks: bool
    """The stage is not decided, and its clock stands still, before the question is answered or withdrawn."""
    question_id: UUID
    """The comment that puts it."""
    answer_id: UUID | None = None
    """The comment that answers it; None while it is open."""


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
    voted_by: frozenset[UUID] = frozenset()
    """Who gave those approvals: the voters themselves, their proxies or superiors. One person fills one place."""
    last_approval: LastApproval | None = None
    """What can be taken back while nobody has acted after it; of another revision or stage it counts for nothing."""
    opinions: tuple[Opinion, ...] = ()
    """Of the current stage: those that are awaited, and those that were given. Of another one they count for nothing.
    """
    terms_changed: bool = False
    """While RETURNED: what an earlier stage approved is no longer what is asked for."""
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
        done = self.approved_by | self.voted_by
        return tuple(voter for voter in self.current.voters if voter not in done and not self.is_own(voter))

    def is_own(self, user_id: UUID) -> bool:
        return user_id in (self.requester_id, self.owner_id)

    @property
    def asked_here(self) -> tuple[Opinion, ...]:
        """Questions of the current stage, answered or not."""
        if self.state not in (ApprovalState.PENDING, ApprovalState.ON_HOLD):
            return ()
        here = (self.generation, self.revision, self.stage)
        return tuple(one for one in self.opinions if (one.generation, one.revision, one.stage) == here)

    @property
    def awaited_opinions(self) -> tuple[Opinion, ...]:
        """Whoever decides in the stage meanwhile, or owns the request, is not awaited any more."""
        return tuple(
            one
            for one in self.asked_here
            if one.answer_id is None and one.asked_id not in self.current.voters and not self.is_own(one.asked_id)
        )

    @property
    def decision_waits_for(self) -> tuple[UUID, ...]:
        """Whose opinion must be there, or be given up, before the stage is decided."""
        return tuple(one.asked_id for one in self.awaited_opinions if one.blocks)

    def enters_from(self, before: "Progress") -> bool:
        """Whether another stage is current than ``before``: a later or earlier one, or one that was added before it."""
        if self.stage != before.stage:
            return True
        return len(self.stages) > len(before.stages) and self.stages[self.stage + 1] == before.current


@dataclass(frozen=True, slots=True)
class Place:
    """What one stage asked of somebody who left."""

    position: int
    approver: bool
    dropped: bool
    """The successor was an approver of the stage already, so the leaver's place was not filled."""
    escalate_to: bool
    quorum: int | None = None
    vacant: bool = False
    """The dropped place still counts, and waits for whom an administrator names."""


def places_of(progress: Progress, leaver: UUID, successor: UUID) -> list[Place]:
    """The leaver's places in the current and in later stages, before the successor takes them."""
    return [
        Place(
            position,
            leaver in stage.approver_ids,
            successor in stage.approver_ids,
            stage.escalate_to == leaver,
            stage.quorum,
            vacant=stage.mode is not StageMode.ANY,
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
    superior_of: frozenset[UUID] = frozenset()
    """Those below the user in the organisation."""
    open_places: frozenset[UUID] = frozenset()
    """Those in whose places superiors may decide at this moment."""
    instead_of: UUID | None = None
    """Whose place the user takes as a superior; None for who decides in their own place, or as a proxy."""
    process_id: UUID | None = None
