"""A stage on which a process plays a shape worth keeping: obliging steps, save for those that a shape scripts."""

from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from types import ModuleType
from typing import Any, Final, get_type_hints
from uuid import uuid4

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker

from activities.auth import contract as auth
from activities.customer import contract as customer
from activities.ledger import contract as ledger
from activities.opportunity import contract as opportunity
from activities.sales_activity import contract as sales_activity
from services.contracts.processes import TaskQueue
from services.contracts.steps import Acknowledged, SliceResult, SweepResult
from services.kit.processes.statuses import ProcessStatus
from tests.replay.catalogue import WORKFLOWS
from workers.runtime import sandbox

RECORDER: Final = "recorder"
"""Who histories say has worked: never a machine's name."""
Script = Callable[[Any], Any]
"""A step's answer to its input; may raise, and may be a coroutine function."""

_CONTRACTS: dict[TaskQueue, ModuleType] = {
    TaskQueue.AUTH: auth,
    TaskQueue.CUSTOMER: customer,
    TaskQueue.SALES_ACTIVITY: sales_activity,
    TaskQueue.OPPORTUNITY: opportunity,
}


def two_slices(step: Any) -> SliceResult:
    """Three rows, in two calls."""
    return SliceResult(done=2, remaining=1) if step.sequence == 0 else SliceResult(done=1, remaining=0)


def _oblige(answer: type) -> Script:
    if answer is SliceResult:
        return two_slices
    if answer is SweepResult:
        return lambda _: SweepResult(found=0)
    if answer is ledger.KnownProcess:
        return lambda _: ledger.KnownProcess(status=ProcessStatus.REQUESTED, decided=False, steps={})
    if answer is ledger.EndedProcesses:
        return lambda _: ledger.EndedProcesses(process_ids=[uuid4()])
    if answer is ledger.Turned:
        return lambda _: ledger.Turned(decided=False)
    if answer is Acknowledged:
        return lambda _: Acknowledged()
    return _unscripted


def _unscripted(step: Any) -> Any:
    raise AssertionError(f"the shape does not say what to answer to {step!r}")


def _stubs(contract: ModuleType) -> Iterator[tuple[str, Callable[..., Any]]]:
    for function in vars(contract).values():
        definition = getattr(function, "__temporal_activity_definition", None)
        if definition is not None and function.__module__ == contract.__name__:
            yield definition.name, function


def _fake(name: str, stub: Callable[..., Any], script: Script | None) -> Callable[..., Any]:
    hints = get_type_hints(stub)
    kind_of_answer = hints.pop("return")
    answer = script or _oblige(kind_of_answer)

    async def act(step: Any) -> Any:
        result = answer(step)
        return await result if hasattr(result, "__await__") else result

    async def act_without_input() -> Any:
        return answer(None)

    if not hints:
        return activity.defn(name=name)(act_without_input)
    act.__annotations__["step"] = next(iter(hints.values()))
    return activity.defn(name=name)(act)


@asynccontextmanager
async def played(
    client: Client,
    scripts: dict[str, Script],
    workflows: Sequence[type] = tuple(WORKFLOWS),
    *,
    cached_workflows: int = 1_000,
) -> AsyncIterator[None]:
    """Workers for all queues; `scripts` by the steps' names. `cached_workflows`: how many a worker keeps to itself;
    with none, each task of a process may go to any worker."""
    async with AsyncExitStack() as stack:
        for queue, contract in _CONTRACTS.items():
            stubs = [*_stubs(contract), *_stubs(ledger)]
            worker = Worker(
                client,
                task_queue=queue,
                workflows=workflows,
                activities=[_fake(name, stub, scripts.get(name)) for name, stub in stubs],
                workflow_runner=sandbox(),
                identity=RECORDER,
                max_cached_workflows=cached_workflows,
            )
            await stack.enter_async_context(worker)
        yield
