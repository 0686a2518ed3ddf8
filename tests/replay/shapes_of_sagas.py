"""Shapes of the processes that can be undone."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any
from uuid import uuid4

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle
from temporalio.exceptions import ApplicationError

from activities.ledger.contract import KnownProcess, KnownStep
from services.contracts.processes import (
    UPDATE_COMPENSATE,
    UPDATE_RETRY,
    BulkDecisionInput,
    BulkDecisionStep,
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
from tests.replay.scripted_ledger import Ledger
from tests.replay.scripted_run import Script, played
from workflows.attention import STANDSTILL

Handle = WorkflowHandle[Any, Any]
Shape = Callable[[Client], Any]

HOMES = {
    ProcessType.CUSTOMER_DELETION: TaskQueue.CUSTOMER,
    ProcessType.CUSTOMER_RESTORATION: TaskQueue.CUSTOMER,
    ProcessType.BULK_DECISION: TaskQueue.OPPORTUNITY,
    ProcessType.USER_DELETION: TaskQueue.AUTH,
    ProcessType.USER_RESTORATION: TaskQueue.AUTH,
}


def input_of(kind: ProcessType) -> CamelModel:
    common = {"process_id": uuid4(), "actor_id": uuid4(), "generation": 1}
    inputs: dict[ProcessType, CamelModel] = {
        ProcessType.CUSTOMER_DELETION: CustomerDeletionInput(customer_id=uuid4(), **common),
        ProcessType.CUSTOMER_RESTORATION: CustomerRestorationInput(
            customer_id=uuid4(), deletion_process_id=uuid4(), **common
        ),
        ProcessType.BULK_DECISION: BulkDecisionInput(batch_id=uuid4(), **common),
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
            kind, input_of(kind), id=f"{kind}:{uuid4()}", task_queue=HOMES[kind], static_summary=f"Shape of {kind}"
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


def _steps_up_to(standing: KnownStep, reached: StrEnum) -> dict[str, KnownStep]:
    """All steps of a process that has come to `reached`, which is `standing`."""
    steps = list(type(reached))
    done, planned = steps[: steps.index(reached)], steps[steps.index(reached) + 1 :]
    return {
        **dict.fromkeys(done, KnownStep(status=StepStatus.DONE)),
        reached: standing,
        **dict.fromkeys(planned, KnownStep(status=StepStatus.PLANNED)),
    }


def resumed(kind: ProcessType, reached: StrEnum, *, decided: bool = False, turned_back_for: str | None = None) -> Shape:
    """The run before this one was lost, or grew too long, while somebody had been asked to mend the step `reached`."""
    known = KnownProcess(
        status=ProcessStatus.NEEDS_ATTENTION,
        detail=STANDSTILL,
        decided=decided,
        turned_back_for=turned_back_for,
        steps=_steps_up_to(KnownStep(status=StepStatus.NEEDS_ATTENTION), reached),
    )

    async def shape(client: Client) -> Handle:
        async with _run(client, kind, {"ledger.load_process": lambda _: known}) as handle:
            return handle

    return shape


def decided_by_its_request(kind: ProcessType, *done: StrEnum) -> Shape:
    """The request was the pivot: the first run finds these steps done, and goes on behind them."""
    steps = dict.fromkeys(map(str, done), KnownStep(status=StepStatus.DONE))
    known = KnownProcess(status=ProcessStatus.REQUESTED, decided=True, steps=steps)

    async def shape(client: Client) -> Handle:
        async with _run(client, kind, {"ledger.load_process": lambda _: known}) as handle:
            return handle

    return shape


class Run(StrEnum):
    """Which run of a process that began anew once the shape is about."""

    FIRST = "first"
    LAST = "last"


def continued_as_new(
    kind: ProcessType, run: Run, step: str, stands_still: Script, begun_with: Callable[[], Ledger] = Ledger
) -> Shape:
    """The step cannot move on, however often an operator asks, until the run is as long as it may get; in the next
    run it moves.

    The limit and all pauses are the product's: its decision to begin anew is part of what a replay repeats. It is the
    operator's requests, which end each pause at once, that bring a history of days about in seconds.
    """

    async def shape(client: Client) -> Handle:
        ledger, runs = begun_with(), set[str]()

        def stand_still_in_the_first_run(call: Any) -> Any:
            runs.add(str(activity.info().workflow_run_id))
            return stands_still(call) if len(runs) == 1 else _NO_MORE

        scripts: dict[str, Script] = {**ledger.scripts(), step: stand_still_in_the_first_run}
        async with _run(client, kind, scripts) as handle:
            first = client.get_workflow_handle(handle.id, run_id=handle.first_execution_run_id)
            async for event in first.fetch_history_events(wait_new_event=True):
                if event.event_type == EventType.EVENT_TYPE_TIMER_STARTED:
                    await first.execute_update(UPDATE_RETRY, OperatorCommand(actor_id=uuid4()))
        return first if run is Run.FIRST else client.get_workflow_handle(handle.id)

    return shape


def _told_of_waiting_customers() -> Ledger:
    """The run before was lost after somebody had been told: none of these has to last as long as patience does."""
    told = KnownStep(status=StepStatus.NEEDS_ATTENTION, detail=STANDSTILL)
    return Ledger(_steps_up_to(told, UserDeletionStep.REASSIGN_CUSTOMERS))


def _move_nothing(_call: Any) -> SliceResult:
    return SliceResult(done=0, remaining=1)


_DELETION, _RESTORATION = ProcessType.CUSTOMER_DELETION, ProcessType.CUSTOMER_RESTORATION
_LEAVING, _RETURNING = ProcessType.USER_DELETION, ProcessType.USER_RESTORATION
_BULK = ProcessType.BULK_DECISION
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
    f"{_DELETION}.continued_as_new_after_the_pivot": continued_as_new(
        _DELETION, Run.FIRST, "opportunity.cancel_approvals", refuse
    ),
    f"{_DELETION}.continuation_after_the_pivot": continued_as_new(
        _DELETION, Run.LAST, "opportunity.cancel_approvals", refuse
    ),
    f"{_RESTORATION}.completed": completed(_RESTORATION),
    f"{_RESTORATION}.refused": refused(_RESTORATION, "customer.confirm_restoration"),
    f"{_RESTORATION}.cancelled": stopped(_RESTORATION, "sales_activity.restore_activities", by_update=False),
    f"{_RESTORATION}.mended": mended(_RESTORATION, "opportunity.unfence_customer", Acknowledged()),
    f"{_RESTORATION}.resumed": resumed(_RESTORATION, CustomerRestorationStep.REVEAL_ACTIVITIES),
    f"{_RESTORATION}.resumed_in_its_undo": resumed(
        _RESTORATION, CustomerRestorationStep.RESTORE_APPROVALS, turned_back_for="cancelled"
    ),
    f"{_BULK}.completed": decided_by_its_request(_BULK, BulkDecisionStep.REQUEST, BulkDecisionStep.CONFIRM),
    f"{_BULK}.resumed_after_the_pivot": resumed(_BULK, BulkDecisionStep.DECIDE_ITEMS, decided=True),
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
    f"{_LEAVING}.continued_as_new": continued_as_new(
        _LEAVING, Run.FIRST, "customer.reassign_customers", _move_nothing, _told_of_waiting_customers
    ),
    f"{_LEAVING}.continuation": continued_as_new(
        _LEAVING, Run.LAST, "customer.reassign_customers", _move_nothing, _told_of_waiting_customers
    ),
    f"{_RETURNING}.completed": completed(_RETURNING),
    f"{_RETURNING}.refused": refused(_RETURNING, "auth.confirm_restoration"),
    f"{_RETURNING}.mended": mended(_RETURNING, "sales_activity.return_activities", _NO_MORE),
    f"{_RETURNING}.resumed": resumed(_RETURNING, UserRestorationStep.CONFIRM),
    f"{_RETURNING}.resumed_after_the_pivot": resumed(_RETURNING, UserRestorationStep.RETURN_ACTIVITIES, decided=True),
}
