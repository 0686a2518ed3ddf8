"""How one call of a step is made: tried for a while, or insisted upon."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.workflow import ActivityCancellationType

from services.contracts.steps import Acknowledged, ProcessStep, SliceResult, SweepResult
from workflows import policies
from workflows.attention import Attention

StepCall = TypeVar("StepCall", bound=ProcessStep)
StepAnswer = TypeVar("StepAnswer", bound=Acknowledged | SliceResult | SweepResult)
Stub = Callable[[StepCall], Awaitable[StepAnswer]]

ASKED_TO_COMPENSATE = "compensation_requested"


async def try_for_a_while(stub: Stub[StepCall, StepAnswer], call: StepCall) -> StepAnswer:
    """Raises ActivityError for a refusal, and when a bounded number of tries has failed."""
    return await _execute(stub, call, retry_policy=policies.FORWARD_RETRY)


async def insist(
    attention: Attention,
    step: str,
    stub: Stub[StepCall, StepAnswer],
    call: StepCall,
    *,
    refusal_ends: bool = False,
) -> StepAnswer:
    """Repeat without limit; tell a person when patience ends, or at once when the service refuses.

    `refusal_ends`: a refusal is an answer, and raises ActivityError.
    """
    pause, asked = policies.ATTENTION_PAUSE, False
    while True:
        try:
            answer = await _execute(
                stub, call, retry_policy=policies.INSISTENT_RETRY, schedule_to_close_timeout=policies.PATIENCE
            )
        except ActivityError as error:
            if refusal_ends and _refused(error):
                raise
            await attention.ask(step, reason_of(error))
            asked = True
            await attention.pause(pause)
            pause = min(pause * 2, policies.ATTENTION_PAUSE_LIMIT)
        else:
            if asked:
                await attention.over(step)
            return answer


def reason_of(error: BaseException) -> str:
    """The stable code of what went wrong, for people and metrics; never a message, which could name a person."""
    if is_cancelled_exception(error):
        return ASKED_TO_COMPENSATE
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.type:
        return cause.type
    return type(cause).__name__


def _refused(error: ActivityError) -> bool:
    """The service answered with a business error: its transaction certainly rolled back."""
    return isinstance(error.cause, ApplicationError) and error.cause.non_retryable


async def _execute(stub: Stub[StepCall, StepAnswer], call: StepCall, **limits: Any) -> StepAnswer:
    return await workflow.execute_activity(
        stub,
        call,
        task_queue=policies.queue_of(stub),
        start_to_close_timeout=policies.STEP_TIMEOUT,
        heartbeat_timeout=policies.HEARTBEAT_TIMEOUT,
        # An undo may only begin when the step it takes back has come to rest.
        cancellation_type=ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        summary=f"slice {call.sequence}" if call.sequence else None,
        **limits,
    )
