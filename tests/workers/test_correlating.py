"""Log lines of a step say which process it belongs to and who asked for it."""

from typing import Any
from uuid import UUID

import pytest
from temporalio.testing import ActivityEnvironment
from temporalio.worker import ActivityInboundInterceptor, ExecuteActivityInput

from services.contracts.processes import TaskDueInput
from services.contracts.steps import ProcessStep
from services.kit.running import clock
from services.kit.running.logging import add_correlation
from workers.correlating import CorrelationInterceptor

PROCESS, ACTOR, RECORD = UUID(int=1), UUID(int=2), UUID(int=3)
STEP = ProcessStep(process_id=PROCESS, resource_id=RECORD, actor_id=ACTOR)
TIMER = TaskDueInput(task_id=RECORD, due_date=clock.now(), lead_hours=1)


class Step(ActivityInboundInterceptor):
    """Stands where the activity is, and answers with what a log line of it would carry."""

    def __init__(self) -> None: ...

    async def execute_activity(self, input: ExecuteActivityInput) -> Any:  # noqa: A002
        return add_correlation(None, input.fn.__name__, {})


async def logged(*args: Any) -> dict[str, Any]:
    async def run() -> Any:
        step = CorrelationInterceptor().intercept_activity(Step())
        return await step.execute_activity(ExecuteActivityInput(fn=run, args=args, executor=None, headers={}))

    line: dict[str, Any] = await ActivityEnvironment().run(run)
    return line


async def test_a_line_names_the_process_the_actor_and_the_workflow() -> None:
    line = await logged(STEP)
    assert (line["processId"], line["actorId"]) == (str(PROCESS), str(ACTOR))
    assert line["requestId"] == ActivityEnvironment.default_info().workflow_id
    assert len(line["traceId"]) == 32


@pytest.mark.parametrize("args", [(TIMER,), ()], ids=["a timer", "a step without input"])
async def test_a_step_of_no_process_names_none(args: tuple[Any, ...]) -> None:
    assert {"processId", "actorId"}.isdisjoint(await logged(*args))
