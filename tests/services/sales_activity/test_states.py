"""States of tasks and meetings, as properties over all sequences of changes."""

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.contracts.states import LIVE_TASK_STATES, MeetingState, TaskState
from services.sales_activity.states import meeting_may_go, reopens, task_may_go


class TaskLife(RuleBasedStateMachine):
    """Anybody may ask for any state at any time; what is refused changes nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.state = TaskState.OPEN
        self.path = [self.state]

    @rule(target_state=st.sampled_from(TaskState))
    def ask_for(self, target_state: TaskState) -> None:
        if task_may_go(self.state, target_state):
            self.state = target_state
            self.path.append(target_state)

    @invariant()
    def cancelled_is_the_end(self) -> None:
        if TaskState.CANCELLED in self.path:
            first = self.path.index(TaskState.CANCELLED)
            assert set(self.path[first:]) == {TaskState.CANCELLED}

    @invariant()
    def after_completion_comes_reopening_or_nothing(self) -> None:
        for before, after in zip(self.path, self.path[1:], strict=False):
            if before is TaskState.COMPLETED:
                assert after in (TaskState.COMPLETED, TaskState.OPEN)

    @invariant()
    def a_live_task_can_always_be_completed_and_cancelled(self) -> None:
        if self.state in LIVE_TASK_STATES:
            assert task_may_go(self.state, TaskState.COMPLETED)
            assert task_may_go(self.state, TaskState.CANCELLED)


TestTaskLife = TaskLife.TestCase


@given(st.sampled_from(TaskState), st.sampled_from(TaskState))
def test_only_a_completed_task_is_reopened(state: TaskState, target: TaskState) -> None:
    assert reopens(state, target) == (state is TaskState.COMPLETED and target in LIVE_TASK_STATES)


@given(st.lists(st.sampled_from(MeetingState)))
def test_what_happened_to_a_meeting_is_not_undone(wishes: list[MeetingState]) -> None:
    state = MeetingState.PLANNED
    ends = []
    for wish in wishes:
        if meeting_may_go(state, wish):
            state = wish
        if state is not MeetingState.PLANNED:
            ends.append(state)
    assert len(set(ends)) <= 1
