"""Idempotent steps: the answer of a step is recorded in the transaction of its effect, so a repeat only returns it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Final, TypeVar
from uuid import UUID

from pydantic import BaseModel

from services.kit.db.unit_of_work import UnitOfWork

ROWS_PER_TRANSACTION: Final = 500
"""Of a step that is too large for one transaction; each takes well below a second."""

ResultT = TypeVar("ResultT", bound=BaseModel)


async def forget(uow: UnitOfWork, process_ids: Sequence[UUID]) -> int:
    """Deletes what the steps of these processes have recorded here; how much that was. They must have ended long ago:
    a repeat of a step would take effect anew."""
    prefixes = [f"{process_id}:%" for process_id in process_ids]
    return await uow.execute("DELETE FROM step_results WHERE key LIKE ANY(%s)", [prefixes])


async def run_once(
    uow: UnitOfWork,
    *,
    key: str,
    result_type: type[ResultT],
    work: Callable[[], Awaitable[ResultT]],
    worth_keeping: Callable[[ResultT], bool] = lambda _: True,
) -> ResultT:
    """Runs ``work`` unless a committed transaction already did under this key; returns the recorded result then.

    ``key``: workflow id, step name and sequence, independent of the run. A second caller waits until the first has
    committed (then gets its result) or rolled back (then does the work). What is not ``worth_keeping`` is done again
    by a repeat.
    """
    claimed = await uow.execute("INSERT INTO step_results (key) VALUES (%s) ON CONFLICT DO NOTHING", [key])
    if claimed:
        result = await work()
        if not worth_keeping(result):
            await uow.execute("DELETE FROM step_results WHERE key = %s", [key])
            return result
        answer = result.model_dump_json(by_alias=True)
        await uow.execute("UPDATE step_results SET result = %s::jsonb WHERE key = %s", [answer, key])
        return result
    recorded = await uow.one("SELECT result FROM step_results WHERE key = %s", [key])
    if recorded is None:
        # Whoever held the key meanwhile found nothing to do.
        return await run_once(uow, key=key, result_type=result_type, work=work, worth_keeping=worth_keeping)
    return result_type.model_validate(recorded["result"])
