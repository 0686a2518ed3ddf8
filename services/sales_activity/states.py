"""States of a task and what moves it from one to the next (domain model, section "Meeting and Task")."""

from services.contracts.states import LIVE_TASK_STATES, MeetingState, TaskState

_TASK_STEPS: dict[TaskState, frozenset[TaskState]] = {
    TaskState.OPEN: frozenset({TaskState.IN_PROGRESS, TaskState.COMPLETED, TaskState.CANCELLED}),
    TaskState.IN_PROGRESS: frozenset({TaskState.OPEN, TaskState.COMPLETED, TaskState.CANCELLED}),
    TaskState.COMPLETED: frozenset({TaskState.OPEN}),
    TaskState.CANCELLED: frozenset(),
}

_MEETING_STEPS: dict[MeetingState, frozenset[MeetingState]] = {
    MeetingState.PLANNED: frozenset({MeetingState.HELD, MeetingState.CANCELLED}),
    MeetingState.HELD: frozenset(),
    MeetingState.CANCELLED: frozenset(),
}


def task_may_go(state: TaskState, target: TaskState) -> bool:
    """Whether `target` can follow `state`; staying where it is changes nothing and is always possible."""
    return target == state or target in _TASK_STEPS[state]


def reopens(state: TaskState, target: TaskState) -> bool:
    """A completed task becomes live again: for its assignee and for who leads them."""
    return state == TaskState.COMPLETED and target in LIVE_TASK_STATES


def meeting_may_go(state: MeetingState, target: MeetingState) -> bool:
    return target == state or target in _MEETING_STEPS[state]
