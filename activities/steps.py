"""How the steps of every service are declared, registered with its worker, and run.

A step takes effect once: its answer is recorded under its key in the transaction of the effect, so that a repeat, or a
workflow that begins anew because its last run was lost, is answered with what the first call did. The key is
``process id : step : sequence``, whichever run of the workflow asks.
"""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final, ParamSpec, TypeVar

from pydantic import BaseModel, ConfigDict
from temporalio import activity

from services.contracts.steps import Acknowledged, ProcessStep, SliceResult
from services.kit.db.database import Database
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.models import CamelModel
from services.kit.processes import ledger
from services.kit.processes.activity_edge import business_errors
from services.kit.processes.steps import ROWS_PER_TRANSACTION, run_once
from services.kit.running import crashpoints
from services.kit.running.context import ActorContext

TRANSACTIONS_PER_CALL: Final = 4
"""Some seconds of work, after which the process notes its progress."""

P = ParamSpec("P")
AnyStep = TypeVar("AnyStep", bound=ProcessStep)
AnyAnswer = TypeVar("AnyAnswer", bound=BaseModel)

_declared: set[object] = set()


def step(name: str) -> Callable[[Callable[P, Awaitable[AnyAnswer]]], Callable[P, Awaitable[AnyAnswer]]]:
    """Declares a method of `Activities` as the step of this name, with the errors that Temporal is to see."""

    def declare(handler: Callable[P, Awaitable[AnyAnswer]]) -> Callable[P, Awaitable[AnyAnswer]]:
        declared = activity.defn(name=name)(business_errors(handler))
        _declared.add(declared)
        return declared

    return declare


class _Portion(CamelModel):
    """The recorded answer of one transaction of a slice."""

    model_config = ConfigDict(extra="ignore")

    done: int


class Activities:
    """The steps of one service; each of its transactions is made in the name of the process."""

    def __init__(self, db: Database) -> None:
        self._db = db

    def all(self) -> Sequence[Callable[..., Any]]:
        """Every declared step, as a worker takes them."""
        return [getattr(self, name) for name, member in vars(type(self)).items() if _is_declared(member)]

    def _transaction(self, call: ProcessStep) -> AbstractAsyncContextManager[UnitOfWork]:
        return self._db.transaction(ActorContext.system(process_id=call.process_id, actor_id=call.actor_id))

    async def _once(
        self,
        name: str,
        call: AnyStep,
        answer: type[AnyAnswer],
        work: Callable[[UnitOfWork, AnyStep], Awaitable[AnyAnswer]],
    ) -> AnyAnswer:
        """One transaction, once."""
        async with self._transaction(call) as uow:
            return await run_once(uow, key=_key(name, call), result_type=answer, work=lambda: work(uow, call))

    async def _pivot(
        self, name: str, call: AnyStep, work: Callable[[UnitOfWork, AnyStep], Awaitable[Acknowledged]]
    ) -> Acknowledged:
        """The step after which nothing can be undone, in the home database: it decides once, and the ledger notes it.

        Raises Conflict when the process has been turned back meanwhile.
        """

        async def decide(uow: UnitOfWork, call: AnyStep) -> Acknowledged:
            if await ledger.decide(uow, call.process_id):
                await work(uow, call)
            return Acknowledged()

        return await self._once(name, call, Acknowledged, decide)

    async def _slice(
        self,
        name: str,
        call: ProcessStep,
        work: Callable[[UnitOfWork], Awaitable[int]],
        remaining: Callable[[Reader], Awaitable[int]],
    ) -> SliceResult:
        """A few transactions, until one finds less than it could move; the rest is for the next call.

        Between two of them the call reports, and stops if it was cancelled. What did nothing is not recorded: a
        process that begins anew would stand still at each of those answers again.
        """
        done = 0
        for number in range(TRANSACTIONS_PER_CALL):
            portion = await self._portion(f"{_key(name, call)}:{number}", call, work)
            crashpoints.reach(f"{name}.portion")
            done += portion.done
            activity.heartbeat(done)
            if portion.done < ROWS_PER_TRANSACTION:
                break
        async with self._db.reader() as reader:
            return SliceResult(done=done, remaining=await remaining(reader))

    async def _portion(self, key: str, call: ProcessStep, work: Callable[[UnitOfWork], Awaitable[int]]) -> _Portion:
        async with self._transaction(call) as uow:

            async def portion() -> _Portion:
                return _Portion(done=await work(uow))

            return await run_once(
                uow, key=key, result_type=_Portion, work=portion, worth_keeping=lambda portion: portion.done > 0
            )


def _key(name: str, call: ProcessStep) -> str:
    return f"{call.process_id}:{name}:{call.sequence}"


def _is_declared(member: object) -> bool:
    return callable(member) and member in _declared
