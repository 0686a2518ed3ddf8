"""Shapes of the processes that can be undone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError

from activities.ledger.contract import KnownProcess, KnownStep
from services.contracts.processes import (
    UPDATE_COMPENSATE,
    UPDATE_RETRY,
    CustomerDeletionInput,
    CustomerDeletionStep,
    CustomerRestorationInput,
    CustomerRestorationStep,
    OperatorCommand,
    ProcessType,
    TaskQueue,
    UserDeletionInput,
    UserDeletionStep,
    UserRestorationInput,
    UserRestorationStep,
)
from services.contracts.steps import Acknowledged, SliceResult, SweepResult
from services.kit.models import CamelModel
from services.kit.processes.statuses import ProcessStatus, StepStatus
from tests.replay.scripted_run import Script, played

Handle = WorkflowHandle[Any, Any]
Shape = Callable[[Client], Any]

_HOMES = {
    ProcessType.CUSTOMER_DELETION: TaskQueue.CUSTOMER,
    ProcessType.CUSTOMER_RESTORATION: TaskQueue.CUSTOMER,
    ProcessType.USER_DELETION: TaskQueue.AUTH,
    ProcessType.USER_RESTORATION: TaskQueue.AUTH,
}


def _input(kind: ProcessType) -> CamelModel:
    common = {"process_id": uuid4(), "actor_id": uuid4(), "generation": 1}
    inputs: dict[ProcessType, CamelModel] = {
        ProcessType.CUSTOMER_DELETION: CustomerDeletionInput(customer_id=uuid4(), **common),
        ProcessType.CUSTOMER_RESTORATION: CustomerRestorationInput(
            customer_id=uuid4(), deletion_process_id=uuid4(), **common
        ),
        ProcessType.USER_DELETION: UserDeletionInput(
            user_id=uuid4(), customers_to=uuid4(), activities_to=uuid4(), approvals_to=uuid4(), **common
        ),
        ProcessType.USER_RESTORATION: UserRestorationInput(user_id=uuid4(), deletion_process_id=uuid4(), **common),
    }
    return inputs[kind]


def refuse(_step: Any) -> Any:
    raise ApplicationError("refused", type="refused", non_retryable=True)


@asynccontextmanager
async def _run(client: Client, kind: ProcessType, scripts: dict[str, Script]) -> AsyncIterator[Handle]:
    async with played(client, scripts):
        handle = await client.start_workflow(
            kind, _input(kind), id=f"{kind}:{uuid4()}", task_queue=_HOMES[kind], static_summary=f"Shape of {kind}"
        )
        yield handle
        await handle.result()


def completed(kind: ProcessType) -> Shape:
    async def shape(client: Client) -> Handle:
        async with _run(client, kind, {}) as handle:
            return handle

    return shape


def refused(kind: ProcessType, step: str) -> Shape:
    async def shape(client: Client) -> Handle:
        async with _run(client, kind, {step: refuse}) as handle:
            return handle

    return shape


def stopped(kind: ProcessType, step: str, *, by_update: bool) -> Shape:
    """Stopped while the step runs, which answers all the same."""

    async def shape(client: Client) -> Handle:
        begun, stop = asyncio.Event(), asyncio.Event()

        async def hold(_step: Any) -> SliceResult:
            begun.set()
            await stop.wait()
            return SliceResult(done=1, remaining=1)

        async with _run(client, kind, {step: hold}) as handle:
            await begun.wait()
            if by_update:
                await handle.execute_update(UPDATE_COMPENSATE, OperatorCommand(actor_id=uuid4()))
            else:
                await handle.cancel()
            stop.set()
            return handle

    return shape


def mended(kind: ProcessType, step: str, answer: Any, **refusing: Script) -> Shape:
    """Refused once after the pivot, or in the undo of what `refusing` stopped; an operator mends it and asks again."""

    async def shape(client: Client) -> Handle:
        refusals = [refuse]
        asked = asyncio.Event()

        def once(call: Any) -> Any:
            if refusals:
                refusals.pop()(call)
            return answer

        def note(record: Any) -> Any:
            if record.status == "NEEDS_ATTENTION":
                asked.set()
            return Acknowledged()

        async with _run(client, kind, {**refusing, step: once, "ledger.record_step": note}) as handle:
            await asked.wait()
            await handle.execute_update(UPDATE_RETRY, OperatorCommand(actor_id=uuid4()))
            return handle

    return shape


def waited(kind: ProcessType, step: str) -> Shape:
    """A slice moves nothing though something remains, as it waits for another process."""

    async def shape(client: Client) -> Handle:
        def stand_still_once(call: Any) -> SliceResult:
            return SliceResult(done=0, remaining=1) if call.sequence == 0 else _NO_MORE

        async with _run(client, kind, {step: stand_still_once}) as handle:
            return handle

    return shape


def swept(kind: ProcessType, sweep: str) -> Shape:
    """The sweep finds what came late, so that the slices run again."""

    async def shape(client: Client) -> Handle:
        def find_once(step: Any) -> SweepResult:
            return SweepResult(found=1 if step.sequence == 0 else 0)

        async with _run(client, kind, {sweep: find_once}) as handle:
            return handle

    return shape


def resumed(kind: ProcessType, reached: StrEnum, *, decided: bool = False, turned_back_for: str | None = None) -> Shape:
    """The run before this one was lost, or grew too long, while somebody had been asked to mend the step `reached`."""
    steps = list(type(reached))
    done, planned = steps[: steps.index(reached)], steps[steps.index(reached) + 1 :]
    statuses = {
        **dict.fromkeys(done, StepStatus.DONE),
        reached: StepStatus.NEEDS_ATTENTION,
        **dict.fromkeys(planned, StepStatus.PLANNED),
    }
    known = KnownProcess(
        status=ProcessStatus.NEEDS_ATTENTION,
        detail="standstill",
        decided=decided,
        turned_back_for=turned_back_for,
        steps={name: KnownStep(status=status) for name, status in statuses.items()},
    )

    async def shape(client: Client) -> Handle:
        async with _run(client, kind, {"ledger.load_process": lambda _: known}) as handle:
            return handle

    return shape


_DELETION, _RESTORATION = ProcessType.CUSTOMER_DELETION, ProcessType.CUSTOMER_RESTORATION
_LEAVING, _RETURNING = ProcessType.USER_DELETION, ProcessType.USER_RESTORATION
_NO_MORE = SliceResult(done=1, remaining=0)

SHAPES: dict[str, Shape] = {
    f"{_DELETION}.completed": completed(_DELETION),
    f"{_DELETION}.refused": refused(_DELETION, "sales_activity.sweep_customer"),
    f"{_DELETION}.refused_at_the_pivot": refused(_DELETION, "customer.confirm_deletion"),
    f"{_DELETION}.cancelled": stopped(_DELETION, "sales_activity.hide_activities", by_update=False),
    f"{_DELETION}.compensated": stopped(_DELETION, "opportunity.hold_approvals", by_update=True),
    f"{_DELETION}.mended": mended(_DELETION, "opportunity.cancel_approvals", _NO_MORE),
    f"{_DELETION}.undo_mended": mended(
        _DELETION, "opportunity.release_approvals", _NO_MORE, **{"sales_activity.sweep_customer": refuse}
    ),
    f"{_DELETION}.swept": swept(_DELETION, "sales_activity.sweep_customer"),
    f"{_DELETION}.resumed": resumed(_DELETION, CustomerDeletionStep.HIDE_ACTIVITIES),
    f"{_DELETION}.resumed_after_the_pivot": resumed(_DELETION, CustomerDeletionStep.CANCEL_APPROVALS, decided=True),
    f"{_DELETION}.resumed_in_its_undo": resumed(
        _DELETION, CustomerDeletionStep.HOLD_APPROVALS, turned_back_for="cancelled"
    ),
    f"{_RESTORATION}.completed": completed(_RESTORATION),
    f"{_RESTORATION}.refused": refused(_RESTORATION, "customer.confirm_restoration"),
    f"{_RESTORATION}.cancelled": stopped(_RESTORATION, "sales_activity.restore_activities", by_update=False),
    f"{_RESTORATION}.mended": mended(_RESTORATION, "opportunity.unfence_customer", Acknowledged()),
    f"{_RESTORATION}.resumed": resumed(_RESTORATION, CustomerRestorationStep.REVEAL_ACTIVITIES),
    f"{_RESTORATION}.resumed_in_its_undo": resumed(
        _RESTORATION, CustomerRestorationStep.RESTORE_APPROVALS, turned_back_for="cancelled"
    ),
    f"{_LEAVING}.completed": completed(_LEAVING),
    f"{_LEAVING}.refused": refused(_LEAVING, "opportunity.reassign_approvals"),
    f"{_LEAVING}.compensated": stopped(_LEAVING, "customer.reassign_customers", by_update=True),
    f"{_LEAVING}.swept": swept(_LEAVING, "customer.sweep_user"),
    f"{_LEAVING}.waited": waited(_LEAVING, "customer.reassign_customers"),
    f"{_LEAVING}.resumed": resumed(_LEAVING, UserDeletionStep.REASSIGN_APPROVALS),
    f"{_LEAVING}.resumed_after_the_pivot": resumed(_LEAVING, UserDeletionStep.CONFIRM, decided=True),
    f"{_LEAVING}.resumed_in_its_undo": resumed(
        _LEAVING, UserDeletionStep.REASSIGN_APPROVALS, turned_back_for="cancelled"
    ),
    f"{_RETURNING}.completed": completed(_RETURNING),
    f"{_RETURNING}.refused": refused(_RETURNING, "auth.confirm_restoration"),
    f"{_RETURNING}.mended": mended(_RETURNING, "sales_activity.return_activities", _NO_MORE),
    f"{_RETURNING}.resumed": resumed(_RETURNING, UserRestorationStep.CONFIRM),
    f"{_RETURNING}.resumed_after_the_pivot": resumed(_RETURNING, UserRestorationStep.RETURN_ACTIVITIES, decided=True),
}
