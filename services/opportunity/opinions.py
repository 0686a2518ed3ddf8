"""Opinions that approvers ask of others (意見照会): pure rules, as in ``machine``.

An opinion is no vote: whoever is asked fills no place of the stage, and fills none in somebody else's name either.
"""

from dataclasses import replace
from typing import Final
from uuid import UUID

from services.contracts.states import ApprovalAction
from services.kit.errors import Blocked, Forbidden
from services.opportunity import machine
from services.opportunity.errors import (
    AlreadyVoted,
    CannotBeAsked,
    NotAnApprover,
    NothingToWithdraw,
    OpinionNotAsked,
    WrongState,
)
from services.opportunity.progress import Actor, Opinion, Progress

MOST_AWAITED: Final = 5
"""At a time, of one stage."""
MOST_ASKED: Final = 20
"""Of one stage with those that were given, so that nobody is asked for ever."""


def ask(progress: Progress, actor: Actor, *, user_id: UUID, blocks: bool, comment_ref: UUID) -> Progress:
    """A question to somebody who has no place in the current stage; whoever approved before has been answered by it."""
    machine.require_state(progress, ApprovalAction.ASK_OPINION)
    approver_id = machine.votes_as(progress, actor)
    assert actor.user_id is not None
    decides = progress.is_own(user_id) or user_id in progress.current.voters or user_id in progress.voted_by
    awaited = any(one.asked_id == user_id for one in progress.awaited_opinions)
    if decides or awaited or user_id == actor.user_id or not _has_room(progress):
        raise CannotBeAsked()
    question = Opinion(
        progress.generation,
        progress.revision,
        progress.stage,
        asked_id=user_id,
        asker_id=actor.user_id,
        approver_id=approver_id,
        blocks=blocks,
        question_id=comment_ref,
    )
    return replace(progress, opinions=(*progress.asked_here, question), last_approval=None)


def may_ask(progress: Progress, actor: Actor) -> bool:
    """Whether the actor could ask somebody."""
    try:
        machine.votes_as(progress, actor)
    except (Forbidden, WrongState, Blocked, AlreadyVoted):
        return False
    return _has_room(progress)


def _has_room(progress: Progress) -> bool:
    return len(progress.awaited_opinions) < MOST_AWAITED and len(progress.asked_here) < MOST_ASKED


def give(progress: Progress, actor: Actor, *, comment_ref: UUID) -> Progress:
    """Once, by whoever was asked in person; what was said stays with the stage."""
    machine.require_state(progress, ApprovalAction.GIVE_OPINION)
    asked = put_to(progress, actor.user_id)
    if asked is None:
        raise OpinionNotAsked()
    given = replace(asked, answer_id=comment_ref)
    return replace(progress, opinions=tuple(given if one == asked else one for one in progress.asked_here))


def may_give(progress: Progress, actor: Actor) -> bool:
    try:
        machine.require_state(progress, ApprovalAction.GIVE_OPINION)
    except (WrongState, Blocked):
        return False
    return put_to(progress, actor.user_id) is not None


def decline(progress: Progress, actor: Actor) -> Progress:
    """Whoever was asked gives no opinion: nothing waits for it any more."""
    machine.require_state(progress, ApprovalAction.DECLINE_OPINION)
    asked = put_to(progress, actor.user_id)
    if asked is None:
        raise OpinionNotAsked()
    return _without(progress, asked)


def withdraw(progress: Progress, actor: Actor, *, user_id: UUID) -> Progress:
    """The question to ``user_id`` is not put any more; by the place that put it, a process, or the system."""
    machine.require_state(progress, ApprovalAction.WITHDRAW_OPINION)
    asked = put_to(progress, user_id)
    if actor.user_id is not None and actor.process_id is None:
        withdraws_as(progress, actor, asked)
    if asked is None:
        raise NothingToWithdraw()
    return _without(progress, asked)


def withdraws_as(progress: Progress, actor: Actor, asked: Opinion | None) -> UUID:
    """In whose place the actor withdraws a question: the one that put it.

    A place that was handed on or left vacant can't withdraw what it put: any of the stage can then.
    """
    if not actor.may_decide or actor.is_admin:
        raise Forbidden()
    voters = progress.current.voters
    entitled = (asked.approver_id,) if asked is not None and asked.approver_id in voters else voters
    for voter in entitled:
        if voter == actor.user_id:
            return voter
    for voter in entitled:
        if voter in actor.proxy_for:
            return voter
    raise NotAnApprover()


def may_withdraw(progress: Progress, actor: Actor, asked: Opinion) -> bool:
    try:
        withdraw(progress, actor, user_id=asked.asked_id)
    except (Forbidden, WrongState, Blocked, NothingToWithdraw):
        return False
    return True


def may_withdraw_any(progress: Progress, actor: Actor) -> bool:
    return any(may_withdraw(progress, actor, asked) for asked in progress.awaited_opinions)


def put_to(progress: Progress, user_id: UUID | None) -> Opinion | None:
    """The question that awaits this person's opinion."""
    return next((one for one in progress.awaited_opinions if one.asked_id == user_id), None)


def _without(progress: Progress, asked: Opinion) -> Progress:
    return replace(progress, opinions=tuple(one for one in progress.asked_here if one != asked))


def settled(before: Progress, after: Progress) -> Progress:
    """``after`` without questions that are over: another stage is current, it has ended, or who was asked decides."""
    if not after.opinions:
        return after
    if after.enters_from(before):
        return replace(after, opinions=())
    awaited = after.awaited_opinions
    lasting = tuple(one for one in after.asked_here if one.answer_id is not None or one in awaited)
    return replace(after, opinions=lasting)
