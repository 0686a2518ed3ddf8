"""Where an activity meets Temporal: a business error must not be retried, an infrastructure error must."""

import asyncio
import functools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, ParamSpec, TypeVar

from temporalio import activity
from temporalio.exceptions import ApplicationError

from services.kit.errors import ProblemError, RemoteProblemError
from services.kit.running import crashpoints

BEATS_IN_PATIENCE: Final = 4
"""A single late heartbeat must not look like a death."""

P = ParamSpec("P")
T = TypeVar("T")


def application_error(error: ProblemError) -> ApplicationError:
    """Non-retryable, of the error's stable code, with the problem in both languages as its detail.

    503 and 429 say "later", so Temporal may repeat those.
    """
    return ApplicationError(str(error), error.payload(), type=error.code, non_retryable=error.status not in (429, 503))


def business_errors(handler: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Decorator for activity handlers, below ``@activity.defn``; anything but a ProblemError stays retryable.

    Crash points: ``<activity>.begins``, and ``<activity>.committed`` before Temporal hears of it.
    """

    @functools.wraps(handler)
    async def edge(*args: P.args, **kwargs: P.kwargs) -> T:
        step = activity.info().activity_type if activity.in_activity() else handler.__name__
        crashpoints.reach(f"{step}.begins")
        try:
            async with _alive():
                answer = await handler(*args, **kwargs)
        except ProblemError as error:
            raise application_error(error) from error
        crashpoints.reach(f"{step}.committed")
        return answer

    return edge


@asynccontextmanager
async def _alive() -> AsyncIterator[None]:
    """Heartbeats while the handler works, if the workflow asked for any.

    A step that waits long for a lock is alive; a process that was killed is not, and should be noticed soon.
    """
    patience = activity.info().heartbeat_timeout if activity.in_activity() else None
    if patience is None:
        yield
        return
    beating = asyncio.create_task(_beat(patience.total_seconds() / BEATS_IN_PATIENCE))
    try:
        yield
    finally:
        beating.cancel()


async def _beat(every: float) -> None:
    while True:
        activity.heartbeat()
        await asyncio.sleep(every)


def problem_in(error: BaseException | None) -> RemoteProblemError | None:
    """The business error inside a Temporal failure (update, activity or workflow), None when there is none."""
    while error is not None:
        if isinstance(error, ApplicationError) and error.details and isinstance(error.details[0], dict):
            payload = error.details[0]
            if {"status", "code", "title"} <= payload.keys():
                return RemoteProblemError.from_payload(payload)
        error = getattr(error, "cause", None) or error.__cause__
    return None
