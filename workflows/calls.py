"""How one call of a step is made: tried for a while, or insisted upon."""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception
from temporalio.workflow import ActivityCancellationType

from services.contracts.steps import Acknowledged, ProcessStep, SliceResult, SweepResult
from services.kit.processes.errors import COMPENSATION_REQUESTED
from workflows import policies
from workflows.attention import STANDSTILL, Attention
from workflows.local_steps import refused

StepCall = TypeVar("StepCall", bound=ProcessStep)
StepAnswer = TypeVar("StepAnswer", bound=Acknowledged | SliceResult | SweepResult)
Stub = Callable[[StepCall], Awaitable[StepAnswer]]


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
    if attention.bounded:
        return await _insist_quietly(attention, step, stub, call, refusal_ends=refusal_ends)
    # As histories from before it have it: asked after every try, tries and waits in turn.
    pause, asked = policies.ATTENTION_PAUSE, False
    while True:
        try:
            answer = await _execute(
                stub, call, retry_policy=policies.INSISTENT_RETRY, schedule_to_close_timeout=policies.PATIENCE
            )
        except ActivityError as error:
            if refusal_ends and refused(error):
                raise
            await attention.ask(step, reason_of(error))
            asked = True
            await attention.pause(pause)
            pause = min(pause * 2, policies.ATTENTION_PAUSE_LIMIT)
        else:
            if asked:
                await attention.over(step)
            return answer


async def _insist_quietly(
    attention: Attention, step: str, stub: Stub[StepCall, StepAnswer], call: StepCall, *, refusal_ends: bool
) -> StepAnswer:
    """Once somebody was told, the server repeats the call by itself; only refusals are repeated from here."""
    pause = policies.ATTENTION_PAUSE
    while True:
        try:
            if attention.asked(step):
                answer = await _repeated_until_woken(attention, stub, call)
            else:
                answer = await _execute(
                    stub, call, retry_policy=policies.INSISTENT_RETRY, schedule_to_close_timeout=policies.PATIENCE
                )
        except ActivityError as error:
            if is_cancelled_exception(error):
                continue
            if refused(error) and refusal_ends:
                raise
            await attention.ask(step, reason_of(error))
            if refused(error):
                asked = await attention.pause(pause)
                pause = policies.ATTENTION_PAUSE if asked else min(pause * 2, policies.ATTENTION_PAUSE_LIMIT)
        else:
            # An answer that moves nothing does not end a standstill.
            if not attention.asked(step, STANDSTILL):
                await attention.over(step)
            return answer


async def _repeated_until_woken(attention: Attention, stub: Stub[StepCall, StepAnswer], call: StepCall) -> StepAnswer:
    """Raises ActivityError of a cancel when somebody asks for the next try at once."""
    attention.woken = False
    calling = workflow.start_activity(stub, call, retry_policy=policies.PATIENT_RETRY, **_options(stub, call))
    await workflow.wait_condition(lambda: calling.done() or attention.woken)
    if not calling.done():
        calling.cancel()
    answer: StepAnswer = await calling
    return answer


def reason_of(error: BaseException) -> str:
    """The stable code of what went wrong, for people and metrics; never a message, which could name a person."""
    if is_cancelled_exception(error):
        return COMPENSATION_REQUESTED
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError) and cause.type:
        return cause.type
    return type(cause).__name__


async def _execute(stub: Stub[StepCall, StepAnswer], call: StepCall, **limits: Any) -> StepAnswer:
    return await workflow.execute_activity(stub, call, **_options(stub, call), **limits)


def _options(stub: Stub[StepCall, StepAnswer], call: StepCall) -> dict[str, Any]:
    return {
        "task_queue": policies.queue_of(stub),
        "start_to_close_timeout": policies.STEP_TIMEOUT,
        "heartbeat_timeout": policies.HEARTBEAT_TIMEOUT,
        # An undo may only begin when the step it takes back has come to rest.
        "cancellation_type": ActivityCancellationType.WAIT_CANCELLATION_COMPLETED,
        "summary": f"slice {call.sequence}" if call.sequence else None,
    }
