"""Where an activity meets Temporal: a business error must not be retried, an infrastructure error must."""

import asyncio
import functools
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Final, ParamSpec, TypeVar

import psycopg
from temporalio import activity

from services.kit.errors import Conflict, ProblemError, Text, Unavailable
from services.kit.processes.failures import application_error
from services.kit.running import crashpoints
from services.kit.running.outside import MAX_REPEATS, OutsideFirst

log = logging.getLogger(__name__)

BEATS_IN_PATIENCE: Final = 4
"""A single late heartbeat must not look like a death."""

INCURABLE_CLASSES: Final = frozenset({"21", "22", "23"})
"""SQLSTATE classes of what was asked for: cardinality, data, integrity. Locks, serialization, connections, memory and
disk (08, 40, 53, 55, 57) get better by themselves, a missing column (42) with the next deployment."""
DEFECTS: Final = (
    TypeError,
    ValueError,  # pydantic's ValidationError among them
    LookupError,
    AttributeError,
    NameError,
    AssertionError,
    ArithmeticError,
)
"""Errors of the program: the same input meets them again."""

P = ParamSpec("P")
T = TypeVar("T")


class CannotBeDone(Conflict):
    """A step met an error that no repeat cures, and changed nothing; ``error`` names its class, the log the rest."""

    code = "cannot_be_done"
    title = Text("データに問題があるため実行できません", "This can't be done: something is wrong with the data")

    def __init__(self, error: BaseException) -> None:
        sqlstate = getattr(error, "sqlstate", None)
        super().__init__(error=type(error).__name__ if sqlstate is None else f"{type(error).__name__} {sqlstate}")


def business_errors(handler: Callable[P, Awaitable[T]]) -> Callable[P, Awaitable[T]]:
    """Decorator for activity handlers, below ``@activity.defn``: ends what a repeat can't cure with a refusal.

    Business errors keep their code, defects and impossible data become `cannot_be_done`; everything else stays
    retryable, as waiting may cure it. Of several errors at once the curable one counts: the step is repeated for it.

    Crash points: ``<activity>.begins``, and ``<activity>.committed`` before Temporal hears of it.
    """

    @functools.wraps(handler)
    async def edge(*args: P.args, **kwargs: P.kwargs) -> T:
        step = activity.info().activity_type if activity.in_activity() else handler.__name__
        crashpoints.reach(f"{step}.begins")
        try:
            async with _alive():
                answer = await _outside_of_transactions(lambda: handler(*args, **kwargs))
        except Exception as error:
            refusal = refusal_for(error)
            if refusal is None:
                raise
            if isinstance(refusal, CannotBeDone):
                log.exception("a step can't be done", extra={"step": step})
            raise application_error(refusal) from error
        crashpoints.reach(f"{step}.committed")
        return answer

    return edge


def refusal_for(error: BaseException) -> ProblemError | None:
    """The business error that ends a step which met ``error``; None where a repeat may succeed."""
    if isinstance(error, ProblemError):
        return error
    if isinstance(error, BaseExceptionGroup):
        refusals = [refusal_for(inner) for inner in error.exceptions]
        later = next((refusal for refusal in refusals if refusal is not None and refusal.status in (429, 503)), None)
        return None if None in refusals else later or refusals[0]
    return CannotBeDone(error) if _is_incurable(error) else None


def _is_incurable(error: BaseException) -> bool:
    if isinstance(error, psycopg.Error):
        if error.sqlstate is not None:
            return error.sqlstate[:2] in INCURABLE_CLASSES
        # Refused before it was sent: a value that can't be stored, a statement that is wrong.
        return isinstance(error, psycopg.DataError | psycopg.ProgrammingError)
    return isinstance(error, DEFECTS)


async def _outside_of_transactions(handler: Callable[[], Awaitable[T]]) -> T:
    """Runs the handler again when a transaction of it asked for something first; what it committed is not repeated."""
    for _ in range(MAX_REPEATS):
        try:
            return await handler()
        except OutsideFirst as first:
            work = first.work
        await work()
    raise Unavailable("the step asked for something outside of its transaction again and again")


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
