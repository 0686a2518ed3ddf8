"""What approvers, their superiors and whom they ask do in a stage, as Hypothesis plays it."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from services.contracts.states import ApprovalAction, ApprovalState, StepIn
from services.kit.errors import ProblemError
from services.opportunity import actions, machine, opinions, places
from services.opportunity.progress import Actor, Progress
from tests.services.opportunity.players import REQUESTER, WORDS, people


def within(action: ApprovalAction) -> Any:
    """The rule is played only in states that know the action; `out_of_place` plays the others."""
    return precondition(lambda self: self.now.state in machine.ALLOWED_FROM[action])


class Deciding(RuleBasedStateMachine):
    """``now``: where the request stands; ``before``: where it stood before the last attempt."""

    now: Progress
    before: Progress

    def _try(self, action: ApprovalAction, attempt: Callable[[], Progress]) -> bool:
        self.before = self.now
        try:
            after = attempt()
        except ProblemError:
            return False
        assert self.before.state in machine.ALLOWED_FROM[action]
        self.now = opinions.settled(self.before, after)
        return True

    @within(ApprovalAction.APPROVE)
    @rule(
        who=people,
        proxies=st.frozensets(people, max_size=2),
        admin=st.booleans(),
        action=st.sampled_from([ApprovalAction.APPROVE, ApprovalAction.REJECT, ApprovalAction.RETURN]),
    )
    def decide(self, who: UUID, proxies: frozenset[UUID], admin: bool, action: ApprovalAction) -> None:
        actor = Actor(who, may_decide=True, is_admin=admin, proxy_for=proxies)
        chosen = {
            ApprovalAction.APPROVE: machine.approve,
            ApprovalAction.REJECT: machine.reject,
            ApprovalAction.RETURN: machine.return_,
        }[action]
        offered = action in actions.allowed_actions(self.now, actor)
        done = self._try(action, lambda: chosen(self.now, actor))
        assert done == offered
        if not done:
            return
        assert not admin
        assert not self.before.is_own(who)
        assert {who, *proxies} & set(self.before.current.voters)
        assert who not in self.before.voted_by | self.before.approved_by
        assert action is ApprovalAction.RETURN or not self.before.decision_waits_for
        if action is ApprovalAction.APPROVE:
            self._check_approval()
        else:
            expected = ApprovalState.REJECTED if action is ApprovalAction.REJECT else ApprovalState.RETURNED
            assert (self.now.state, self.now.stage) == (expected, self.before.stage)

    @within(ApprovalAction.APPROVE)
    @rule(
        who=people,
        reports=st.frozensets(people, max_size=4),
        late=st.frozensets(people, min_size=2),
        instead_of=people,
        admin=st.booleans(),
        action=st.sampled_from([ApprovalAction.APPROVE, ApprovalAction.REJECT, ApprovalAction.RETURN]),
    )
    def step_in(
        self,
        who: UUID,
        reports: frozenset[UUID],
        late: frozenset[UUID],
        instead_of: UUID,
        admin: bool,
        action: ApprovalAction,
    ) -> None:
        """A superior takes the place of somebody below them; what they are offered, they may do, and nothing else."""
        above = Actor(who, may_decide=True, is_admin=admin, superior_of=reports - {who}, open_places=late)
        offered = instead_of in machine.may_step_in_for(self.now, above)
        actor = replace(above, instead_of=instead_of)
        rules = {ApprovalAction.REJECT: machine.reject, ApprovalAction.RETURN: machine.return_}
        done = self._try(action, lambda: rules.get(action, machine.approve)(self.now, actor))
        waits = bool(self.before.decision_waits_for) and action is not ApprovalAction.RETURN
        assert done == (offered and not waits)
        if not done:
            return
        assert self.before.current.step_in is not StepIn.NEVER
        assert not admin
        assert not self.before.is_own(who)
        assert instead_of in reports & late & set(self.before.waiting_for)
        assert who not in self.before.voted_by | set(self.before.current.voters)
        assert all(one.asked_id != who for one in self.before.asked_here)
        if action is ApprovalAction.APPROVE:
            self._check_approval()
            if self.now.state is ApprovalState.PENDING:
                back = machine.take_back(self.now, Actor(who, may_decide=True))
                assert (back.stage, back.approved_by) == (self.before.stage, self.before.approved_by)

    def _check_approval(self) -> None:
        votes = len(self.before.approved_by) + 1
        if votes < self.before.current.votes_needed:
            assert (self.now.state, self.now.stage) == (ApprovalState.PENDING, self.before.stage)
            assert len(self.now.approved_by) == votes
        elif self.before.stage + 1 < len(self.before.stages):
            assert (self.now.state, self.now.stage) == (ApprovalState.PENDING, self.before.stage + 1)
            assert not self.now.approved_by
        else:
            assert self.now.state is ApprovalState.APPROVED

    @within(ApprovalAction.TAKE_BACK)
    @rule(who=people, admin=st.booleans())
    def take_back(self, who: UUID, admin: bool) -> None:
        actor = Actor(who, may_decide=True, is_admin=admin)
        offered = ApprovalAction.TAKE_BACK in actions.allowed_actions(self.now, actor)
        assert self._try(ApprovalAction.TAKE_BACK, lambda: machine.take_back(self.now, actor)) == offered
        if offered:
            last = self.before.last_approval
            assert last is not None
            assert (last.voter_id, admin) == (who, False)
            assert self.now.stage == last.stage
            assert self.now.revision == self.before.revision
            assert last.approver_id not in self.now.approved_by
            assert len(self.now.approved_by) < self.now.current.votes_needed
            assert self.now.approved_by | self.now.voted_by <= self.before.approved_by | self.before.voted_by or (
                self.before.stage == self.now.stage + 1
            )

    @within(ApprovalAction.APPROVE)
    @rule(number=st.integers(0, 3))
    def approve_by_whoever_is_asked(self, number: int) -> None:
        waiting = self.now.waiting_for
        if not waiting:
            return  # everybody has voted, and a vacant place is waited for
        actor = Actor(waiting[number % len(waiting)], may_decide=True)
        free = not self.now.decision_waits_for
        assert self._try(ApprovalAction.APPROVE, lambda: machine.approve(self.now, actor)) == free
        if free:
            self._check_approval()

    @within(ApprovalAction.ADD_APPROVER)
    @rule(who=people, added=people, before=st.booleans())
    def add_approver(self, who: UUID, added: UUID, before: bool) -> None:
        actor = Actor(who, may_decide=True)

        def attempt() -> Progress:
            return places.add_approver(self.now, actor, user_id=added, before=before)

        offered = ApprovalAction.ADD_APPROVER in actions.allowed_actions(self.now, actor)
        if not self._try(ApprovalAction.ADD_APPROVER, attempt):
            return
        assert offered
        assert not self.now.is_own(added)
        assert added not in self.before.current.voters
        assert (self.now.stage, self.now.approved_by) == (self.before.stage, self.before.approved_by)
        own, kept = (self.now.stage, self.now.stage + 1) if before else (self.now.stage + 1, self.now.stage)
        assert self.now.stages[own].approver_ids == (added,)
        assert self.now.stages[kept] == self.before.current
        assert len(self.now.stages) == len(self.before.stages) + 1
        assert not (before and self.before.approved_by)

    @within(ApprovalAction.ASK_OPINION)
    @rule(who=people, asked=people, proxies=st.frozensets(people, max_size=1), blocks=st.booleans())
    def ask_opinion(self, who: UUID, asked: UUID, proxies: frozenset[UUID], blocks: bool) -> None:
        actor = Actor(who, may_decide=True, proxy_for=proxies)

        def attempt() -> Progress:
            return opinions.ask(self.now, actor, user_id=asked, blocks=blocks, comment_ref=WORDS)

        offered = ApprovalAction.ASK_OPINION in actions.allowed_actions(self.now, actor)
        if not self._try(ApprovalAction.ASK_OPINION, attempt):
            return
        assert offered
        assert asked not in (who, REQUESTER, *self.now.current.voters)
        assert opinions.put_to(self.before, asked) is None
        assert (asked in self.now.decision_waits_for) == blocks
        assert self.now.waiting_for == self.before.waiting_for

    @within(ApprovalAction.GIVE_OPINION)
    @rule(who=people, decline=st.booleans())
    def answer(self, who: UUID, decline: bool) -> None:
        action = ApprovalAction.DECLINE_OPINION if decline else ApprovalAction.GIVE_OPINION
        actor = Actor(who)
        offered = action in actions.allowed_actions(self.now, actor)
        asked = opinions.put_to(self.now, who)
        assert offered == (asked is not None)

        def attempt() -> Progress:
            return opinions.decline(self.now, actor) if decline else opinions.give(self.now, actor, comment_ref=WORDS)

        assert self._try(action, attempt) == offered
        assert opinions.put_to(self.now, who) is None
        if offered and not decline:
            with pytest.raises(ProblemError):
                opinions.give(self.now, actor, comment_ref=WORDS)

    @within(ApprovalAction.WITHDRAW_OPINION)
    @rule(who=people, asked=people, proxies=st.frozensets(people, max_size=1), admin=st.booleans())
    def withdraw_opinion(self, who: UUID, asked: UUID, proxies: frozenset[UUID], admin: bool) -> None:
        actor = Actor(who, may_decide=True, is_admin=admin, proxy_for=proxies)
        question = opinions.put_to(self.now, asked)
        may = question is not None and opinions.may_withdraw(self.now, actor, question)
        attempt = lambda: opinions.withdraw(self.now, actor, user_id=asked)  # noqa: E731
        assert self._try(ApprovalAction.WITHDRAW_OPINION, attempt) == may
        if may:
            assert not admin
            assert {who, *proxies} & set(self.before.current.voters)

    @within(ApprovalAction.APPROVE)
    @rule(number=st.integers(0, 3))
    def approve_and_take_back(self, number: int) -> None:
        """What was just approved can be taken back, and all is as it was."""
        waiting = self.now.waiting_for
        if not waiting or self.now.decision_waits_for:
            return
        actor = Actor(waiting[number % len(waiting)], may_decide=True)
        before, after = self.now, machine.approve(self.now, actor)
        if after.state is ApprovalState.PENDING:
            back = machine.take_back(after, actor)
            assert replace(back, last_approval=before.last_approval) == before or after.stage > before.stage
            assert (back.stage, back.approved_by, back.voted_by) == (before.stage, before.approved_by, before.voted_by)
