"""A month of waiting, with time skipped: no history comes near the length at which Temporal would end the workflow."""

import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from temporalio.api.enums.v1 import EventType
from temporalio.client import WorkflowHandle
from temporalio.common import RetryPolicy
from temporalio.contrib.pydantic import pydantic_data_converter
from temporalio.testing import WorkflowEnvironment

from services.contracts.processes import (
    UPDATE_RETRY,
    ApprovalInput,
    ApprovalOutcome,
    CustomerDeletionInput,
    OperatorCommand,
    ProcessType,
    TaskDueInput,
    TaskQueue,
)
from services.contracts.states import ApprovalState
from services.contracts.steps import SliceResult
from services.kit.processes.search_attributes import ALL_KEYS
from services.kit.processes.statuses import StepStatus
from services.kit.running import clock
from tests.replay.scripted_ledger import Ledger
from tests.replay.scripted_run import Script, played
from tests.support.waiting import eventually
from workflows import policies

MONTH = timedelta(days=30)
MOST_EVENTS = 2_000


class Fault:
    """Lasts until it is mended."""

    def __init__(self) -> None:
        self.mended = False
        self.tries = 0

    def outage(self, answer: Any) -> Script:
        def step(_call: Any) -> Any:
            self.tries += 1
            if not self.mended:
                raise ConnectionError("the database is away")
            return answer

        return step

    def standstill(self, _call: Any) -> SliceResult:
        self.tries += 1
        return SliceResult(done=1, remaining=0) if self.mended else SliceResult(done=0, remaining=1)


DAY = timedelta(days=1)
RARELY = timedelta(hours=6)


@pytest.fixture(autouse=True)
def rarely(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fewer tries than in production save a test's time. Those of the server write no events, however many, so one a
    day will do; of the others so many write more than one history may hold, which is what begins anew."""
    first = timedelta(minutes=1)
    monkeypatch.setattr(policies, "SERVER_RETRY", RetryPolicy(initial_interval=first, maximum_interval=DAY))
    monkeypatch.setattr(policies, "PATIENT_RETRY", RetryPolicy(initial_interval=first, maximum_interval=RARELY))
    monkeypatch.setattr(policies, "ATTENTION_PAUSE_LIMIT", RARELY)


@pytest.fixture(scope="module")
async def skipping() -> AsyncIterator[WorkflowEnvironment]:
    async with await WorkflowEnvironment.start_time_skipping_v2(
        data_converter=pydantic_data_converter,
        search_attributes=ALL_KEYS,
        dev_server_existing_path=str(Path(sys.executable).with_name("temporal")),
        dev_server_extra_args=["--dynamic-config-value", "frontend.WorkflowTimeSkippingEnabled=true"],
        dev_server_startup_timeout=timedelta(minutes=1),
    ) as environment:
        yield environment


async def _longest_run(environment: WorkflowEnvironment, handle: WorkflowHandle[Any, Any]) -> int:
    """Events of the longest of all runs that the workflow has had, without those that tell of skipped time."""
    lengths = []
    run_id: str | None = handle.first_execution_run_id
    while run_id:
        history = await environment.client.get_workflow_handle(handle.id, run_id=run_id).fetch_history()
        lengths.append(sum("TIME_SKIPPING" not in EventType.Name(event.event_type) for event in history.events))
        continued = history.events[-1].workflow_execution_continued_as_new_event_attributes
        run_id = continued.new_execution_run_id
    return max(lengths)


def _deletion() -> CustomerDeletionInput:
    return CustomerDeletionInput(process_id=uuid4(), customer_id=uuid4(), actor_id=uuid4(), generation=1)


async def _begin(environment: WorkflowEnvironment, workflow: str, argument: Any, queue: TaskQueue) -> Any:
    return await environment.client.start_workflow(workflow, argument, id=f"{workflow}:{uuid4()}", task_queue=queue)


@pytest.mark.parametrize("kind", ["outage", "standstill"])
async def test_a_deletion_that_waits_for_a_month_is_asked_about_once_and_ends_when_it_can(
    skipping: WorkflowEnvironment, kind: str
) -> None:
    ledger, fault = Ledger(), Fault()
    step = fault.standstill if kind == "standstill" else fault.outage(SliceResult(done=1, remaining=0))
    async with played(skipping.client, ledger.scripts() | {"opportunity.cancel_approvals": step}):
        handle = await _begin(skipping, ProcessType.CUSTOMER_DELETION, _deletion(), TaskQueue.CUSTOMER)
        await skipping.fast_forward(handle, MONTH)
        assert fault.tries > 24
        assert len(ledger.asked) == 1
        assert await _longest_run(skipping, handle) < MOST_EVENTS
        fault.mended = True
        newest = skipping.client.get_workflow_handle(handle.id)
        await newest.execute_update(UPDATE_RETRY, OperatorCommand(actor_id=uuid4()))

        async def done() -> bool:
            return ledger.steps["cancel_approvals"].status is StepStatus.DONE

        await eventually(done)


async def test_an_approval_whose_database_is_away_for_a_month(skipping: WorkflowEnvironment) -> None:
    fault = Fault()
    request = ApprovalInput(approval_id=uuid4(), generation=1)
    row = ApprovalOutcome(
        approval_id=request.approval_id, state=ApprovalState.APPROVED, stage=0, revision=1, event_version=2
    )
    async with played(skipping.client, {"opportunity.load_approval": fault.outage(row)}):
        handle = await _begin(skipping, ProcessType.APPROVAL, request, TaskQueue.OPPORTUNITY)
        await skipping.fast_forward(handle, MONTH)
        assert fault.tries > 24
        assert await _longest_run(skipping, handle) < MOST_EVENTS
        fault.mended = True
        await skipping.fast_forward(handle)
        assert (await handle.result())["state"] == "APPROVED"


async def test_an_approval_whose_row_knows_nothing_of_the_time_for_a_month(skipping: WorkflowEnvironment) -> None:
    """Its machine's clock stands: the deadline that Temporal sees is not there yet for the row."""
    request = ApprovalInput(approval_id=uuid4(), generation=1)
    row = ApprovalOutcome(
        approval_id=request.approval_id,
        state=ApprovalState.PENDING,
        stage=0,
        revision=1,
        event_version=1,
        deadline_at=clock.now(),
    )
    answers = {"opportunity.load_approval": lambda _: row, "opportunity.escalate": lambda _: row}
    async with played(skipping.client, answers):
        handle = await _begin(skipping, ProcessType.APPROVAL, request, TaskQueue.OPPORTUNITY)
        await skipping.fast_forward(handle, timedelta(hours=12))
        assert await _longest_run(skipping, handle) < MOST_EVENTS
        await handle.terminate()


async def test_a_timer_whose_database_is_away_for_a_month(skipping: WorkflowEnvironment) -> None:
    fault = Fault()
    timer = TaskDueInput(task_id=uuid4(), due_date=clock.now(), lead_hours=1)
    answer = {"dueDate": None, "leadHours": 1}
    async with played(skipping.client, {"sales_activity.notify_due_soon": fault.outage(answer)}):
        handle = await _begin(skipping, ProcessType.TASK_DUE_SOON, timer, TaskQueue.SALES_ACTIVITY)
        await skipping.fast_forward(handle, MONTH)
        assert await _longest_run(skipping, handle) < MOST_EVENTS
        fault.mended = True
        await skipping.fast_forward(handle)
        await handle.result()
