"""Who plays in tests of the rules: nobody whom a database knows."""

from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from services.contracts.states import StageMode, StepIn
from services.opportunity.progress import Actor, Stage

PEOPLE = [UUID(int=number) for number in range(1, 7)]
REQUESTER = PEOPLE[0]
SYSTEM = Actor(None)
WORDS = UUID(int=200)
"""A comment."""
PROCESSES = [UUID(int=number) for number in range(100, 103)]

people = st.sampled_from(PEOPLE)
processes = st.sampled_from(PROCESSES)


@st.composite
def stages(draw: Any) -> tuple[Stage, ...]:
    def stage(number: int) -> Stage:
        approvers = tuple(draw(st.lists(st.sampled_from(PEOPLE[1:]), min_size=1, max_size=4, unique=True)))
        mode = draw(st.sampled_from(StageMode))
        quorum = draw(st.integers(1, len(approvers))) if mode is StageMode.QUORUM else None
        escalate_to = draw(st.none() | people)
        step_in = draw(st.sampled_from(StepIn))
        name = f"stage {number}"
        return Stage(name, approvers, mode, quorum, deadline_hours=24, escalate_to=escalate_to, step_in=step_in)

    return tuple(stage(number) for number in range(draw(st.integers(1, 3))))
