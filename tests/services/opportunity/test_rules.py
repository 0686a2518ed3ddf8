"""Single rules of a request, each with the case that it is about."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from services.contracts.states import (
    ApprovalState,
    StageMode,
    StepIn,
)
from services.kit.errors import Forbidden, ProblemError
from services.opportunity import machine, opinions, places
from services.opportunity.errors import (
    Advises,
    AlreadyVoted,
    CannotBeAsked,
    CannotStepIn,
    NotAnApprover,
    NothingToTakeBack,
    OwnRequest,
    ReassignmentConflict,
    WrongState,
)
from services.opportunity.progress import Actor, Place, Progress, Stage, places_of
from tests.services.opportunity.players import PEOPLE, PROCESSES, REQUESTER, SYSTEM

FIRST, SECOND, THIRD = PEOPLE[1:4]


def pending(*route: Stage, **facts: Any) -> Progress:
    return Progress(ApprovalState.PENDING, REQUESTER, REQUESTER, route, **facts)


def decider(who: UUID, *proxy_for: UUID) -> Actor:
    return Actor(who, may_decide=True, proxy_for=frozenset(proxy_for))


def test_a_quorum_of_two_of_three_moves_on_with_the_second_vote() -> None:
    now = pending(Stage("合議", (FIRST, SECOND, THIRD), StageMode.QUORUM, 2))
    now = machine.approve(now, decider(FIRST))
    assert now.state is ApprovalState.PENDING
    with pytest.raises(AlreadyVoted):
        machine.approve(now, decider(FIRST))
    assert machine.approve(now, decider(THIRD)).state is ApprovalState.APPROVED


def test_a_proxy_who_is_an_approver_of_the_stage_too_votes_once() -> None:
    now = pending(Stage("合議", (FIRST, SECOND), StageMode.ALL))
    assert machine.votes_as(now, decider(FIRST, SECOND)) == FIRST
    now = machine.approve(now, decider(FIRST, SECOND))
    with pytest.raises(AlreadyVoted):
        machine.approve(now, decider(FIRST, SECOND))
    with pytest.raises(AlreadyVoted):
        machine.return_(now, decider(FIRST, SECOND))
    assert now.waiting_for == (SECOND,)


def test_a_proxy_of_two_approvers_fills_one_of_their_places() -> None:
    now = pending(Stage("合議", (FIRST, SECOND), StageMode.ALL))
    now = machine.approve(now, decider(THIRD, FIRST, SECOND))
    with pytest.raises(AlreadyVoted):
        machine.approve(now, decider(THIRD, FIRST, SECOND))
    assert machine.approve(now, decider(SECOND)).state is ApprovalState.APPROVED


def test_who_voted_as_a_proxy_does_not_vote_again_by_escalation_or_reassignment() -> None:
    now = pending(Stage("合議", (FIRST, SECOND), StageMode.ALL, escalate_to=THIRD))
    now = machine.approve(now, decider(THIRD, FIRST))
    assert machine.escalate(now, SYSTEM).current.voters == (FIRST, SECOND)
    with pytest.raises(ReassignmentConflict):
        places.reassign(now, Actor(PEOPLE[5], is_admin=True), from_id=SECOND, to_id=THIRD)


def superior(who: UUID, *below: UUID, instead_of: UUID) -> Actor:
    return Actor(
        who, may_decide=True, superior_of=frozenset(below), open_places=frozenset(PEOPLE), instead_of=instead_of
    )


def test_a_superior_fills_the_place_that_they_take_and_no_second_one() -> None:
    now = pending(Stage("合議", (FIRST, SECOND), StageMode.ALL, step_in=StepIn.ALWAYS, escalate_to=THIRD))
    now = machine.approve(now, superior(THIRD, FIRST, SECOND, instead_of=FIRST))
    assert now.waiting_for == (SECOND,)
    for taken, refusal in ((FIRST, CannotStepIn), (SECOND, AlreadyVoted)):
        with pytest.raises(refusal):
            machine.approve(now, superior(THIRD, FIRST, SECOND, instead_of=taken))
    with pytest.raises(AlreadyVoted):
        machine.approve(now, decider(FIRST))
    assert machine.escalate(now, SYSTEM).current.voters == (FIRST, SECOND)
    with pytest.raises(ReassignmentConflict):
        places.reassign(now, Actor(PEOPLE[5], is_admin=True), from_id=SECOND, to_id=THIRD)
    assert machine.approve(now, decider(SECOND)).state is ApprovalState.APPROVED


OPEN = Stage("承認", (FIRST,), step_in=StepIn.ALWAYS)
ABOVE = superior(SECOND, FIRST, instead_of=FIRST)


@pytest.mark.parametrize(
    ("stage", "actor", "refusal"),
    [
        (replace(OPEN, step_in=StepIn.NEVER), ABOVE, CannotStepIn),
        (OPEN, replace(ABOVE, open_places=frozenset()), CannotStepIn),
        (replace(OPEN, approver_ids=(FIRST, SECOND)), ABOVE, CannotStepIn),
        (OPEN, superior(SECOND, THIRD, instead_of=THIRD), CannotStepIn),
        (OPEN, superior(SECOND, THIRD, instead_of=FIRST), NotAnApprover),
        (OPEN, superior(REQUESTER, FIRST, instead_of=FIRST), OwnRequest),
        (OPEN, replace(ABOVE, is_admin=True), Forbidden),
        (OPEN, replace(ABOVE, may_decide=False), Forbidden),
    ],
)
def test_who_may_not_step_in(stage: Stage, actor: Actor, refusal: type[ProblemError]) -> None:
    for rule in (machine.approve, machine.reject, machine.return_):
        with pytest.raises(refusal):
            rule(pending(stage), actor)


def test_a_superior_decides_only_where_they_say_so() -> None:
    now = pending(OPEN)
    quiet = replace(superior(SECOND, FIRST, instead_of=FIRST), instead_of=None)
    assert machine.may_step_in_for(now, quiet) == (FIRST,)
    with pytest.raises(NotAnApprover):
        machine.approve(now, quiet)
    assert machine.may_step_in_for(now, replace(quiet, proxy_for=frozenset({FIRST}))) == (), "a proxy decides as one"


def test_who_was_asked_for_an_opinion_does_not_step_in() -> None:
    now = pending(OPEN)
    now = opinions.ask(now, decider(FIRST), user_id=SECOND, blocks=False, comment_ref=PROCESSES[0])
    with pytest.raises(Advises):
        machine.approve(now, superior(SECOND, FIRST, instead_of=FIRST))


def test_nobody_decides_their_own_request_by_proxy_neither() -> None:
    now = pending(Stage("承認", (FIRST,)))
    with pytest.raises(OwnRequest):
        machine.approve(now, decider(REQUESTER, FIRST))


def test_who_joins_by_escalation_fills_a_missing_vote_of_a_stage_of_all() -> None:
    now = machine.escalate(pending(Stage("合議", (FIRST, SECOND), StageMode.ALL, escalate_to=THIRD)), SYSTEM)
    now = machine.approve(machine.approve(now, decider(FIRST)), decider(THIRD))
    assert now.state is ApprovalState.APPROVED


def test_a_vote_that_was_given_stays_when_its_giver_is_replaced() -> None:
    now = machine.approve(pending(Stage("合議", (FIRST, SECOND), StageMode.ALL)), decider(FIRST))
    with pytest.raises(NotAnApprover):
        places.reassign(now, Actor(None, process_id=PROCESSES[0]), from_id=FIRST, to_id=THIRD)


def test_a_successor_who_has_voted_already_leaves_the_place_vacant_and_the_stage_waiting() -> None:
    now = machine.approve(pending(Stage("合議", (FIRST, SECOND), StageMode.ALL)), decider(FIRST))
    left = places.reassign(now, Actor(None, process_id=PROCESSES[0]), from_id=SECOND, to_id=FIRST)
    assert (left.state, left.current.votes_needed, left.current.vacant_ids) == (ApprovalState.PENDING, 2, (SECOND,))
    assert machine.votes_missing(left, frozenset()) == 1
    filled = places.reassign(left, Actor(PEOPLE[5], is_admin=True), from_id=SECOND, to_id=THIRD)
    assert machine.votes_missing(filled, frozenset()) == 0
    assert machine.approve(filled, decider(THIRD)).state is ApprovalState.APPROVED


def test_two_of_three_with_two_unable_stays_two_of_three() -> None:
    now = pending(Stage("合議", (FIRST, SECOND, THIRD), StageMode.QUORUM, 2))
    assert machine.votes_missing(now, frozenset({SECOND})) == 0
    assert machine.votes_missing(now, frozenset({SECOND, THIRD})) == 1


def test_terms_that_changed_since_a_stage_approved_send_the_request_to_the_first_stage() -> None:
    route = (Stage("一次", (FIRST,), escalated_to=THIRD), Stage("二次", (SECOND,)))
    now = machine.return_(pending(*route, stage=1), decider(SECOND))
    assert machine.resubmit(now, Actor(REQUESTER)).stage == 1
    again = machine.resubmit(replace(now, terms_changed=True), Actor(REQUESTER))
    assert (again.stage, again.revision, again.terms_changed) == (0, 2, False)
    assert again.waiting_for == (FIRST,)


def test_a_returning_leaver_gets_back_only_what_the_successor_still_has() -> None:
    route = (Stage("一次", (FIRST,)), Stage("二次", (FIRST, THIRD), StageMode.ALL), Stage("三次", (SECOND,)))
    before = pending(*route)
    left = places_of(before, FIRST, SECOND)
    moved = places.reassign(before, Actor(None, process_id=PROCESSES[0]), from_id=FIRST, to_id=SECOND)
    passed = machine.approve(moved, decider(SECOND))
    back = places.give_back(passed, leaver=FIRST, successor=SECOND, places=left)
    assert [stage.approver_ids for stage in back.stages] == [(SECOND,), (FIRST, THIRD), (SECOND,)]
    assert places.give_back(before, leaver=FIRST, successor=SECOND, places=[Place(0, True, False, False)]) == before


def test_a_request_cancelled_by_an_administrator_is_not_restored_by_a_process() -> None:
    now = machine.cancel(pending(Stage("承認", (FIRST,))), Actor(PEOPLE[5], is_admin=True))
    with pytest.raises(WrongState):
        machine.restore(now, Actor(None, process_id=PROCESSES[0]), deletion_id=PROCESSES[1])
    assert replace(now, state=ApprovalState.PENDING).current.name == "承認"


def test_taking_back_leaves_the_votes_that_others_gave_and_clears_who_joined_the_stage_that_is_left() -> None:
    both = Stage("合議", (FIRST, SECOND), StageMode.ALL)
    later = Stage("最終", (THIRD,), escalate_to=PEOPLE[4])
    one = machine.approve(pending(both, later), decider(FIRST))
    two = machine.escalate(machine.approve(one, decider(SECOND)), SYSTEM)
    assert (two.stage, two.current.escalated_to) == (1, PEOPLE[4])
    with pytest.raises(NothingToTakeBack):
        machine.take_back(two, decider(FIRST))
    back = machine.take_back(two, decider(SECOND))
    assert (back.stage, back.approved_by, back.voted_by) == (0, frozenset({FIRST}), frozenset({FIRST}))
    assert back.stages[1].escalated_to is None
    with pytest.raises(NothingToTakeBack):
        machine.take_back(back, decider(FIRST))


@pytest.mark.parametrize("moved", [{"revision": 2}, {"generation": 2}])
def test_an_approval_of_another_revision_or_generation_is_not_taken_back(moved: dict[str, int]) -> None:
    given = machine.approve(pending(Stage("一", (FIRST,)), Stage("二", (SECOND,))), decider(FIRST))
    with pytest.raises(NothingToTakeBack):
        machine.take_back(replace(given, **moved), decider(FIRST))


def asked(progress: Progress, whom: UUID = THIRD, **facts: Any) -> Progress:
    return opinions.ask(progress, decider(FIRST), user_id=whom, comment_ref=UUID(int=9), **{"blocks": True} | facts)


@pytest.mark.parametrize("moved", [{"revision": 2}, {"generation": 2}, {"stage": 1}, {"state": ApprovalState.APPROVED}])
def test_a_question_that_an_older_replica_left_behind_counts_for_nothing(moved: dict[str, Any]) -> None:
    now = asked(pending(Stage("一次", (FIRST,)), Stage("二次", (FIRST,))))
    assert now.decision_waits_for == (THIRD,)
    left = replace(now, **moved)
    assert (left.decision_waits_for, left.awaited_opinions) == ((), ())
    if left.state is ApprovalState.PENDING:
        machine.approve(left, decider(FIRST))


def test_a_place_that_was_handed_on_leaves_its_question_to_whoever_has_a_place() -> None:
    now = asked(pending(Stage("合議", (FIRST, SECOND), StageMode.ALL)))
    with pytest.raises(NotAnApprover):
        opinions.withdraw(now, decider(SECOND), user_id=THIRD)
    now = places.reassign(now, decider(FIRST), from_id=FIRST, to_id=PEOPLE[4])
    with pytest.raises(NotAnApprover):
        opinions.withdraw(now, decider(FIRST), user_id=THIRD)
    for taker in (SECOND, PEOPLE[4]):
        assert opinions.withdraw(now, decider(taker), user_id=THIRD).opinions == ()


def test_no_more_are_asked_in_a_stage_than_it_has_room_for() -> None:
    now = pending(Stage("決裁", (FIRST,)))
    for number in range(opinions.MOST_ASKED):
        whom = UUID(int=1000 + number)
        now = asked(now, whom, blocks=False)
        now = opinions.give(now, Actor(whom), comment_ref=UUID(int=10))
    with pytest.raises(CannotBeAsked):
        asked(now)
    assert not opinions.may_ask(now, decider(FIRST))
    assert machine.approve(now, decider(FIRST)).state is ApprovalState.APPROVED
