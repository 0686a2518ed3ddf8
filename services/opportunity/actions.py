"""The actions on an approval request, one record each.

Endpoints read a record's permission and comment rule, the sender its update and command, the committing transaction
its rule, event and evidence. What a record says, all of them do.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from services.contracts.events import approval as events
from services.contracts.permissions import Permission
from services.contracts.processes import (
    UPDATE_ADD_APPROVER,
    UPDATE_ASK_OPINION,
    UPDATE_CANCEL,
    UPDATE_DECIDE,
    UPDATE_DECLINE_OPINION,
    UPDATE_GIVE_OPINION,
    UPDATE_HOLD,
    UPDATE_REASSIGN,
    UPDATE_RECALL,
    UPDATE_RELEASE,
    UPDATE_RESUBMIT,
    UPDATE_TAKE_BACK,
    UPDATE_WITHDRAW_OPINION,
    AddApproverCommand,
    ApprovalCommand,
    AskOpinionCommand,
    DecideCommand,
    Decision,
    DeclineOpinionCommand,
    GiveOpinionCommand,
    ProcessCommand,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
    TakeBackCommand,
    WithdrawOpinionCommand,
)
from services.contracts.states import ApprovalAction, ApprovalState
from services.kit.errors import Blocked, Conflict, Forbidden
from services.opportunity import machine, opinions, places
from services.opportunity.errors import (
    AlreadyVoted,
    CannotBeAdded,
    CannotBeAsked,
    NothingToTakeBack,
    OpinionAwaited,
    ReassignmentConflict,
    WrongState,
)
from services.opportunity.progress import Actor, Progress

Rule = Callable[..., Progress]
"""``(progress, actor, **terms)``: where the request stands afterwards; raises the refusal."""


class CommentRule(StrEnum):
    OPTIONAL = "OPTIONAL"
    REQUIRED = "REQUIRED"
    """By people: a process has its own reason."""


@dataclass(frozen=True, slots=True)
class Action:
    name: ApprovalAction
    rule: Rule
    event: type[events.ApprovalActed]
    permission: Permission | None = None
    """What opens the action to a user; None: processes and clocks only."""
    update: str | None = None
    """The workflow's update that carries it out; None: it happens on the row alone."""
    command: type[ApprovalCommand] = ApprovalCommand
    decision: Decision | None = None
    """A vote of the current stage."""
    terms: tuple[str, ...] = ()
    """Fields of the command that the rule takes."""
    comment: CommentRule = CommentRule.OPTIONAL
    names: str | None = None
    """The term that names somebody."""
    gives_place: bool = True
    """Whether whoever is named has a place from then on, so that they must be able to decide; or gives an opinion."""
    unable: type[Conflict] = CannotBeAdded
    """Raised where whoever is named is not able to."""
    keeps_evidence: bool = False
    """Its history entry keeps what the actor saw: the request and the customer's profile at that moment."""
    moot: Callable[[Progress, Actor], bool] = machine.never_moot
    """Whether nothing is left to do: a process that asks again is answered with the row as it is."""
    offered: Callable[[Progress, Actor], bool] | None = None
    """Whether to offer it to a user, where the rule needs terms that nobody has given yet."""

    def event_for(self, before: Progress, after: Progress) -> type[events.ApprovalActed]:
        """An approval is told by how far it carried; another owner is news about the request, not about a place."""
        if before.owner_id != after.owner_id:
            return events.ApprovalUpdated
        if self.decision is not None and after.state is ApprovalState.PENDING:
            return events.ApprovalStageCompleted if after.stage != before.stage else events.ApprovalUpdated
        return self.event

    def terms_of(self, command: ApprovalCommand) -> dict[str, Any]:
        return {name: getattr(command, name) for name in self.terms}


SUBMIT: Final = Action(
    ApprovalAction.SUBMIT,
    machine.submit,
    events.ApprovalRequested,
    permission=Permission.APPROVAL_REQUEST,
    keeps_evidence=True,
)
APPROVE: Final = Action(
    ApprovalAction.APPROVE,
    machine.approve,
    events.ApprovalApproved,
    permission=Permission.APPROVAL_DECIDE,
    update=UPDATE_DECIDE,
    command=DecideCommand,
    decision=Decision.APPROVE,
    keeps_evidence=True,
)
REJECT: Final = Action(
    ApprovalAction.REJECT,
    machine.reject,
    events.ApprovalRejected,
    permission=Permission.APPROVAL_DECIDE,
    update=UPDATE_DECIDE,
    command=DecideCommand,
    decision=Decision.REJECT,
    comment=CommentRule.REQUIRED,
    keeps_evidence=True,
)
RETURN: Final = Action(
    ApprovalAction.RETURN,
    machine.return_,
    events.ApprovalReturned,
    permission=Permission.APPROVAL_DECIDE,
    update=UPDATE_DECIDE,
    command=DecideCommand,
    decision=Decision.RETURN,
    comment=CommentRule.REQUIRED,
    keeps_evidence=True,
)
TAKE_BACK: Final = Action(
    ApprovalAction.TAKE_BACK,
    machine.take_back,
    events.ApprovalTakenBack,
    permission=Permission.APPROVAL_DECIDE,
    update=UPDATE_TAKE_BACK,
    command=TakeBackCommand,
)
ADD_APPROVER: Final = Action(
    ApprovalAction.ADD_APPROVER,
    places.add_approver,
    events.ApproverAdded,
    permission=Permission.APPROVAL_DECIDE,
    update=UPDATE_ADD_APPROVER,
    command=AddApproverCommand,
    terms=("user_id", "before"),
    names="user_id",
    offered=places.may_add_approver,
)
ASK_OPINION: Final = Action(
    ApprovalAction.ASK_OPINION,
    opinions.ask,
    events.OpinionAsked,
    permission=Permission.APPROVAL_DECIDE,
    update=UPDATE_ASK_OPINION,
    command=AskOpinionCommand,
    terms=("user_id", "blocks", "comment_ref"),
    comment=CommentRule.REQUIRED,
    names="user_id",
    gives_place=False,
    unable=CannotBeAsked,
    offered=opinions.may_ask,
)
GIVE_OPINION: Final = Action(
    ApprovalAction.GIVE_OPINION,
    opinions.give,
    events.OpinionGiven,
    permission=Permission.APPROVAL_COMMENT,
    update=UPDATE_GIVE_OPINION,
    command=GiveOpinionCommand,
    terms=("comment_ref",),
    comment=CommentRule.REQUIRED,
    keeps_evidence=True,
    offered=opinions.may_give,
)
DECLINE_OPINION: Final = Action(
    ApprovalAction.DECLINE_OPINION,
    opinions.decline,
    events.OpinionDeclined,
    permission=Permission.APPROVAL_COMMENT,
    update=UPDATE_DECLINE_OPINION,
    command=DeclineOpinionCommand,
    comment=CommentRule.REQUIRED,
)
WITHDRAW_OPINION: Final = Action(
    ApprovalAction.WITHDRAW_OPINION,
    opinions.withdraw,
    events.OpinionWithdrawn,
    permission=Permission.APPROVAL_DECIDE,
    update=UPDATE_WITHDRAW_OPINION,
    command=WithdrawOpinionCommand,
    terms=("user_id",),
    offered=opinions.may_withdraw_any,
)
RESUBMIT: Final = Action(
    ApprovalAction.RESUBMIT,
    machine.resubmit,
    events.ApprovalResubmitted,
    permission=Permission.APPROVAL_READ,
    update=UPDATE_RESUBMIT,
    command=ResubmitCommand,
    keeps_evidence=True,
)
RECALL: Final = Action(
    ApprovalAction.RECALL,
    machine.recall,
    events.ApprovalRecalled,
    permission=Permission.APPROVAL_READ,
    update=UPDATE_RECALL,
    command=RecallCommand,
)
NUDGE: Final = Action(
    ApprovalAction.NUDGE, machine.nudge, events.ApprovalNudged, permission=Permission.APPROVAL_REQUEST
)
CONSULT: Final = Action(
    ApprovalAction.CONSULT,
    machine.consult,
    events.ApprovalConsulted,
    permission=Permission.APPROVAL_REQUEST,
    keeps_evidence=True,
)
CANCEL: Final = Action(
    ApprovalAction.CANCEL,
    machine.cancel,
    events.ApprovalCancelled,
    permission=Permission.APPROVAL_REASSIGN_ANY,
    update=UPDATE_CANCEL,
    command=ProcessCommand,
    comment=CommentRule.REQUIRED,
    moot=machine.ended_for_process,
)
REASSIGN: Final = Action(
    ApprovalAction.REASSIGN,
    places.reassign,
    events.ApprovalReassigned,
    permission=Permission.APPROVAL_READ,
    update=UPDATE_REASSIGN,
    command=ReassignCommand,
    terms=("from_id", "to_id"),
    comment=CommentRule.REQUIRED,
    names="to_id",
    unable=ReassignmentConflict,
    moot=machine.ended_for_process,
    offered=places.may_reassign,
)
HOLD: Final = Action(
    ApprovalAction.HOLD,
    machine.hold,
    events.ApprovalHeld,
    update=UPDATE_HOLD,
    command=ProcessCommand,
    moot=machine.ended_or_held,
)
RELEASE: Final = Action(
    ApprovalAction.RELEASE,
    machine.release,
    events.ApprovalReleased,
    update=UPDATE_RELEASE,
    command=ProcessCommand,
    moot=machine.not_held,
)
ESCALATE: Final = Action(ApprovalAction.ESCALATE, machine.escalate, events.ApprovalEscalated)
RESTORE: Final = Action(ApprovalAction.RESTORE, machine.restore, events.ApprovalRestored, terms=("deletion_id",))

ACTIONS: Final = (
    *(SUBMIT, APPROVE, REJECT, RETURN, TAKE_BACK, RESUBMIT, NUDGE, CONSULT, RECALL, CANCEL, ADD_APPROVER),
    *(ASK_OPINION, GIVE_OPINION, DECLINE_OPINION, WITHDRAW_OPINION, REASSIGN),
    *(HOLD, RELEASE, ESCALATE, RESTORE),
)
"""In the order in which they are offered."""
BY_NAME: Final = {action.name: action for action in ACTIONS}
BY_DECISION: Final = {action.decision: action for action in ACTIONS if action.decision is not None}
_ANSWERS: Final = (ApprovalAction.ADVISE, ApprovalAction.READ, ApprovalAction.POST_REVIEW)
"""Of those to whom a request is shown; whether they are asked does not follow from where it stands."""
_KEEP_EVIDENCE: Final = frozenset(
    name.value for name in (*(action.name for action in ACTIONS if action.keeps_evidence), *_ANSWERS)
)
_BY_UPDATE: Final = {action.update: action for action in ACTIONS if action.update and action.decision is None}


def keeps_evidence(name: str) -> bool:
    """Whether an entry about this action keeps what its actor saw. Drafts and reminders are written, and no actions."""
    return name in _KEEP_EVIDENCE


def commanded(update: str, command: ApprovalCommand) -> Action:
    """Which action an update of the workflow asks for."""
    return BY_DECISION[command.decision] if isinstance(command, DecideCommand) else _BY_UPDATE[update]


def allowed_actions(progress: Progress, actor: Actor) -> list[ApprovalAction]:
    """What a user may do with the request now; asked of the rules themselves, so that the two never differ."""
    return [action.name for action in ACTIONS if action.permission is not None and _permits(action, progress, actor)]


def _permits(action: Action, progress: Progress, actor: Actor) -> bool:
    if action.offered is not None:
        return action.offered(progress, actor)
    try:
        action.rule(progress, actor)
    except (Forbidden, WrongState, Blocked, AlreadyVoted, NothingToTakeBack, OpinionAwaited):
        return False
    return True
