"""Which errors of a step end it, and which are worth another try."""

import psycopg
import pytest
from psycopg import errors as sql
from pydantic import BaseModel
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment

from services.kit.errors import Conflict, Unavailable
from services.kit.processes.activity_edge import business_errors


class _Model(BaseModel):
    number: int


def _validation_error() -> ValueError:
    try:
        _Model.model_validate({"number": "x"})
    except ValueError as error:
        return error
    raise AssertionError


INCURABLE = [
    sql.CardinalityViolation(),
    sql.NumericValueOutOfRange(),
    sql.UniqueViolation(),
    sql.NotNullViolation(),
    psycopg.DataError("PostgreSQL text fields cannot contain NUL (0x00) bytes"),
    psycopg.ProgrammingError("the query has 1 placeholder but 2 parameters were passed"),
    TypeError(),
    KeyError("approverIds"),
    IndexError(),
    AttributeError(),
    ZeroDivisionError(),
    _validation_error(),
]
CURABLE = [
    sql.SerializationFailure(),
    sql.DeadlockDetected(),
    sql.LockNotAvailable(),
    sql.DiskFull(),
    sql.AdminShutdown(),
    sql.QueryCanceled(),
    sql.UndefinedColumn(),
    psycopg.OperationalError("the connection is closed"),
    ConnectionResetError(),
    TimeoutError(),
    RuntimeError("the pool is closed"),
]


async def _run(error: BaseException) -> BaseException:
    @business_errors
    async def step() -> None:
        raise error

    with pytest.raises(BaseException) as caught:  # noqa: PT011 - whatever it is, is looked at
        await ActivityEnvironment().run(step)
    return caught.value


@pytest.mark.parametrize("error", INCURABLE, ids=lambda error: type(error).__name__)
async def test_what_a_repeat_can_not_cure_ends_the_step_with_a_refusal(error: Exception) -> None:
    ended = await _run(error)
    assert isinstance(ended, ApplicationError)
    assert (ended.type, ended.non_retryable) == ("cannot_be_done", True)
    assert ended.details[0]["status"] == 409
    assert type(error).__name__ in ended.details[0]["extra"]["error"]


@pytest.mark.parametrize("error", CURABLE, ids=lambda error: type(error).__name__)
async def test_what_time_may_cure_is_left_to_be_repeated(error: Exception) -> None:
    assert await _run(error) is error


async def test_a_group_ends_the_step_with_the_error_inside_of_it() -> None:
    ended = await _run(ExceptionGroup("unhandled errors in a TaskGroup", [Conflict("held by another process")]))
    assert isinstance(ended, ApplicationError)
    assert (ended.type, ended.non_retryable) == ("conflict", True)


async def test_a_group_with_one_curable_error_is_repeated() -> None:
    group = ExceptionGroup("unhandled errors in a TaskGroup", [Conflict(), sql.DeadlockDetected()])
    assert await _run(group) is group
    later = await _run(ExceptionGroup("unhandled errors in a TaskGroup", [Conflict(), Unavailable()]))
    assert isinstance(later, ApplicationError)
    assert not later.non_retryable
