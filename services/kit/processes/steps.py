"""Idempotent steps: the answer of a step is recorded in the transaction of its effect, so a repeat only returns it."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel

from services.kit.db.unit_of_work import UnitOfWork

ResultT = TypeVar("ResultT", bound=BaseModel)


async def run_once(
    uow: UnitOfWork, *, key: str, result_type: type[ResultT], work: Callable[[], Awaitable[ResultT]]
) -> ResultT:
    """Runs ``work`` unless a committed transaction already did under this key; returns the recorded result then.

    ``key``: workflow id, step name and sequence, independent of the run. A second caller waits until the first has
    committed (then gets its result) or rolled back (then does the work).
    """
    claimed = await uow.execute("INSERT INTO step_results (key) VALUES (%s) ON CONFLICT DO NOTHING", [key])
    if claimed:
        result = await work()
        answer = result.model_dump_json(by_alias=True)
        await uow.execute("UPDATE step_results SET result = %s::jsonb WHERE key = %s", [answer, key])
        return result
    return result_type.model_validate(await uow.scalar("SELECT result FROM step_results WHERE key = %s", [key]))
