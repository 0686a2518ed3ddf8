"""The rules of a request, played by Hypothesis: whatever people, processes and clocks do, these things hold."""

from collections.abc import Callable
from dataclasses import replace
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from services.contracts.states import (
    OPEN_APPROVAL_STATES,
    TERMINAL_APPROVAL_STATES,
    ApprovalAction,
    ApprovalState,
)
from services.kit.errors import ProblemError
from services.opportunity import machine, opinions, places
from services.opportunity.progress import Actor, Progress, Stage
from tests.services.opportunity.deciding import Deciding, within
from tests.services.opportunity.players import PEOPLE, REQUESTER, SYSTEM, WORDS, people, processes, stages


class ApprovalMachine(Deciding):
    """Every rule asks for something, allowed or not; a refusal must leave everything as it was."""

    @initialize(route=stages(), state=st.sampled_from([ApprovalState.DRAFT, ApprovalState.PENDING]))
    def begin(self, route: tuple[Stage, ...], state: ApprovalState) -> None:
        self.now = Progress(state, REQUESTER, REQUESTER, route)
        self.before = self.now

    @rule(action=st.sampled_from(sorted(machine.ALLOWED_FROM)), who=people, process=processes, admin=st.booleans())
    def out_of_place(self, action: ApprovalAction, who: UUID, process: UUID, admin: bool) -> None:
        """Whoever asks for it: a state that does not know an action refuses it."""
        if self.now.state in machine.ALLOWED_FROM[action]:
            return
        actor = Actor(who, may_decide=True, is_admin=admin, process_id=process)
        attempts: dict[ApprovalAction, Callable[[], Progress]] = {
            ApprovalAction.SUBMIT: lambda: machine.submit(self.now, actor),
            ApprovalAction.APPROVE: lambda: machine.approve(self.now, actor),
            ApprovalAction.REJECT: lambda: machine.reject(self.now, actor),
            ApprovalAction.RETURN: lambda: machine.return_(self.now, actor),
            ApprovalAction.TAKE_BACK: lambda: machine.take_back(self.now, actor),
            ApprovalAction.ADD_APPROVER: lambda: places.add_approver(self.now, actor, user_id=PEOPLE[2], before=admin),
            ApprovalAction.ASK_OPINION: lambda: opinions.ask(
                self.now, actor, user_id=PEOPLE[2], blocks=admin, comment_ref=WORDS
            ),
            ApprovalAction.GIVE_OPINION: lambda: opinions.give(self.now, actor, comment_ref=WORDS),
            ApprovalAction.DECLINE_OPINION: lambda: opinions.decline(self.now, actor),
            ApprovalAction.WITHDRAW_OPINION: lambda: opinions.withdraw(self.now, actor, user_id=PEOPLE[2]),
            ApprovalAction.RESUBMIT: lambda: machine.resubmit(self.now, actor),
            ApprovalAction.NUDGE: lambda: machine.nudge(self.now, actor),
            ApprovalAction.CONSULT: lambda: machine.consult(self.now, actor),
            ApprovalAction.RECALL: lambda: machine.recall(self.now, actor),
            ApprovalAction.REASSIGN: lambda: places.reassign(self.now, actor, from_id=who, to_id=PEOPLE[2]),
            ApprovalAction.ESCALATE: lambda: machine.escalate(self.now, SYSTEM),
            ApprovalAction.CANCEL: lambda: machine.cancel(self.now, actor),
            ApprovalAction.RESTORE: lambda: machine.restore(self.now, actor, deletion_id=process),
            ApprovalAction.HOLD: lambda: machine.hold(self.now, actor),
            ApprovalAction.RELEASE: lambda: machine.release(self.now, actor),
        }
        assert not self._try(action, attempts[action])

    @within(ApprovalAction.SUBMIT)
    @rule(who=people)
    def submit(self, who: UUID) -> None:
        assert self._try(ApprovalAction.SUBMIT, lambda: machine.submit(self.now, Actor(who))) == (who == REQUESTER)

    @within(ApprovalAction.RESUBMIT)
    @rule(who=people)
    def resubmit(self, who: UUID) -> None:
        if self._try(ApprovalAction.RESUBMIT, lambda: machine.resubmit(self.now, Actor(who))):
            assert self.before.is_own(who)
            stage = 0 if self.before.terms_changed else self.before.stage
            assert (self.now.revision, self.now.stage) == (self.before.revision + 1, stage)
            assert not self.now.approved_by | self.now.voted_by

    @within(ApprovalAction.RESUBMIT)
    @rule()
    def rewrite(self) -> None:
        """The owner changes terms, which is no action of the machine; what it means is remembered."""
        self.before = self.now = replace(self.now, terms_changed=self.now.stage > 0)

    @within(ApprovalAction.CONSULT)
    @rule(who=people)
    def consult(self, who: UUID) -> None:
        assert self._try(ApprovalAction.CONSULT, lambda: machine.consult(self.now, Actor(who))) == (who == REQUESTER)

    @within(ApprovalAction.NUDGE)
    @rule(who=people)
    def nudge(self, who: UUID) -> None:
        assert self._try(ApprovalAction.NUDGE, lambda: machine.nudge(self.now, Actor(who))) == (who == REQUESTER)
        assert self.now == self.before

    @within(ApprovalAction.RECALL)
    @rule(who=people)
    def recall(self, who: UUID) -> None:
        assert self._try(ApprovalAction.RECALL, lambda: machine.recall(self.now, Actor(who))) == (who == REQUESTER)

    @within(ApprovalAction.REASSIGN)
    @rule(who=people, from_id=people, to_id=people, admin=st.booleans())
    def reassign(self, who: UUID, from_id: UUID, to_id: UUID, admin: bool) -> None:
        actor = Actor(who, is_admin=admin)
        if self._try(ApprovalAction.REASSIGN, lambda: places.reassign(self.now, actor, from_id=from_id, to_id=to_id)):
            assert admin or who == from_id
            self._check_reassignment(from_id, to_id)

    @within(ApprovalAction.REASSIGN)
    @rule(number=st.integers(0, 3), other=st.integers(0, 3), process=processes)
    def leave(self, number: int, other: int, process: UUID) -> None:
        """A process replaces one of those whom the current stage asks by another of them, or by somebody new."""
        voters = self.now.current.voters
        from_id = voters[number % len(voters)]
        to_id = [*voters, PEOPLE[4]][other % (len(voters) + 1)]
        actor = Actor(None, process_id=process)
        if self._try(ApprovalAction.REASSIGN, lambda: places.reassign(self.now, actor, from_id=from_id, to_id=to_id)):
            self._check_reassignment(from_id, to_id)

    def _check_reassignment(self, from_id: UUID, to_id: UUID) -> None:
        assert not self.now.is_own(to_id)
        assert (self.now.state, self.now.stage) == (self.before.state, self.before.stage)
        assert self.now.approved_by == self.before.approved_by
        for now, before in zip(self.now.stages, self.before.stages, strict=True):
            assert now.votes_needed == before.votes_needed
        assert self.now.stages[: self.now.stage] == self.before.stages[: self.before.stage]
        for stage in self.now.stages[self.now.stage + 1 :]:
            assert from_id not in (*stage.approver_ids, stage.escalate_to)

    @within(ApprovalAction.ESCALATE)
    @rule()
    def escalate(self) -> None:
        assert self._try(ApprovalAction.ESCALATE, lambda: machine.escalate(self.now, SYSTEM))
        assert self.now.state is ApprovalState.PENDING
        assert self.now.approved_by == self.before.approved_by
        assert self.now.current.votes_needed == self.before.current.votes_needed

    @within(ApprovalAction.HOLD)
    @rule(process=processes)
    def hold(self, process: UUID) -> None:
        assert self._try(ApprovalAction.HOLD, lambda: machine.hold(self.now, Actor(None, process_id=process)))
        assert self.now.state_before is self.before.state

    @within(ApprovalAction.RELEASE)
    @rule(process=processes)
    def release(self, process: UUID) -> None:
        if self._try(ApprovalAction.RELEASE, lambda: machine.release(self.now, Actor(None, process_id=process))):
            assert self.before.held_by == process
            assert self.now.state is self.before.state_before

    @within(ApprovalAction.CANCEL)
    @rule(process=st.none() | processes, admin=st.booleans())
    def cancel(self, process: UUID | None, admin: bool) -> None:
        actor = Actor(PEOPLE[5], is_admin=admin, process_id=process)
        if self._try(ApprovalAction.CANCEL, lambda: machine.cancel(self.now, actor)):
            assert admin or process is not None
            assert self.before.held_by in (None, process)

    @within(ApprovalAction.RESTORE)
    @rule(process=processes, deletion=processes)
    def restore(self, process: UUID, deletion: UUID) -> None:
        actor = Actor(None, process_id=process)
        if self._try(ApprovalAction.RESTORE, lambda: machine.restore(self.now, actor, deletion_id=deletion)):
            assert self.before.cancelled_by == deletion
            drafted = self.before.state_before is ApprovalState.DRAFT
            assert self.now.state is (ApprovalState.DRAFT if drafted else ApprovalState.RETURNED)
            assert self.now.generation == self.before.generation + (not drafted)

    @invariant()
    def whoever_raised_it_stays_who_raised_it(self) -> None:
        assert self.now.requester_id == REQUESTER

    @invariant()
    def what_has_ended_stays_ended_unless_a_deletion_is_undone(self) -> None:
        if self.before.state in TERMINAL_APPROVAL_STATES and self.now != self.before:
            assert self.before.state is ApprovalState.CANCELLED
            assert self.before.cancelled_by is not None

    @invariant()
    def a_hold_remembers_and_nothing_else_does(self) -> None:
        assert (self.now.state is ApprovalState.ON_HOLD) == (self.now.held_by is not None)
        if self.now.state in OPEN_APPROVAL_STATES - {ApprovalState.ON_HOLD}:
            assert self.now.state_before is None

    @invariant()
    def a_pending_request_waits_for_somebody_who_may_decide_it_or_is_short(self) -> None:
        waiting = self.now.waiting_for
        pending = self.now.state is ApprovalState.PENDING
        short = machine.votes_missing(self.now, frozenset()) > 0
        assert (bool(waiting) or short) == pending
        for voter in waiting:
            machine.votes_as(self.now, Actor(voter, may_decide=True))

    @invariant()
    def a_stage_asks_for_as_many_votes_as_it_has_places_filled_or_vacant(self) -> None:
        for stage in self.now.stages:
            assert 1 <= stage.votes_needed <= len(stage.approver_ids) + len(stage.vacant_ids)
            assert not set(stage.approver_ids) & set(stage.vacant_ids)

    @invariant()
    def an_opinion_is_awaited_only_on_the_way_and_of_nobody_who_decides(self) -> None:
        assert bool(self.now.opinions) <= (self.now.state in (ApprovalState.PENDING, ApprovalState.ON_HOLD))
        asked = [one.asked_id for one in self.now.awaited_opinions]
        assert len(asked) == len(set(asked)) <= opinions.MOST_AWAITED
        assert not set(asked) & {REQUESTER, *(self.now.current.voters if asked else ())}
        for who in asked:
            with pytest.raises(ProblemError):
                machine.votes_as(self.now, Actor(who, may_decide=True, proxy_for=frozenset(PEOPLE)))

    @invariant()
    def one_person_fills_one_place_of_a_stage(self) -> None:
        assert len(self.now.voted_by) == len(self.now.approved_by)
        if self.now.state is ApprovalState.PENDING:
            assert not self.now.voted_by & set(self.now.waiting_for)


TestApprovalMachine = ApprovalMachine.TestCase
TestApprovalMachine.settings = settings(max_examples=300, stateful_step_count=30, deadline=None)
