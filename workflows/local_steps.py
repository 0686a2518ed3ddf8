"""Short steps in the database of the workflow's own service: tried at once, then left to the server to repeat."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.common import RetryPolicy
from temporalio.exceptions import ActivityError, ApplicationError, is_cancelled_exception

from workflows import policies

BOUNDED_HISTORY = "bounded-history"
"""Patch: histories from before it wait with local activities, ask for attention again and again, and never begin
anew."""

ArgumentT = TypeVar("ArgumentT")
AnswerT = TypeVar("AnswerT")


async def carry_out(
    stub: Callable[[ArgumentT], Awaitable[AnswerT]],
    argument: ArgumentT,
    *,
    timeout: timedelta,
    unbounded_retry: RetryPolicy,
    summary: str | None = None,
) -> AnswerT:
    """Repeated until it is answered; a refusal is an answer and raises ApplicationError or ActivityError.

    A local activity is fast, but its retries are markers and timers in the history, where those of a normal one are
    not. `unbounded_retry`: how histories from before that distinction repeat it.
    """
    if not workflow.patched(BOUNDED_HISTORY):
        return await workflow.execute_local_activity(
            stub,
            argument,
            start_to_close_timeout=timeout,
            retry_policy=unbounded_retry,
            local_retry_threshold=policies.UNBOUNDED_LOCAL_RETRY_THRESHOLD,
            summary=summary,
        )
    try:
        return await workflow.execute_local_activity(
            stub,
            argument,
            start_to_close_timeout=timeout,
            schedule_to_close_timeout=policies.LOCAL_PATIENCE,
            retry_policy=policies.LOCAL_RETRY,
            summary=summary,
        )
    except (ActivityError, ApplicationError) as error:
        if is_cancelled_exception(error) or refused(error):
            raise
    return await workflow.execute_activity(
        stub,
        argument,
        start_to_close_timeout=timeout,
        heartbeat_timeout=policies.HEARTBEAT_TIMEOUT,
        retry_policy=policies.SERVER_RETRY,
        summary=summary,
    )


def refused(error: BaseException) -> bool:
    """The service answered with a business error: its transaction certainly rolled back.

    A local activity's own error arrives as it is, where a normal activity's is the cause of an ActivityError.
    """
    cause: Any = error.cause if isinstance(error, ActivityError) else error
    return isinstance(cause, ApplicationError) and cause.non_retryable
