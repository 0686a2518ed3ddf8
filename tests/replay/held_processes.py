"""Processes that stand in their midst until they are let go, so that versions can change around them."""

import asyncio
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

from temporalio import activity
from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowHandle

from activities.sales_activity.contract import TimerState
from services.contracts.processes import (
    UPDATE_DECIDE,
    ApprovalInput,
    ApprovalOutcome,
    DecideCommand,
    Decision,
    ProcessType,
    TaskDueInput,
    TaskQueue,
    approval_id,
    task_due_id,
)
from services.contracts.states import ApprovalState
from services.contracts.steps import SliceResult
from services.kit.processes.statuses import ProcessStatus
from services.kit.running import clock
from tests.replay.scripted_run import Script
from tests.replay.shapes_of_sagas import HOMES, input_of
from tests.replay.shapes_of_waiting import SOON
from tests.support.waiting import eventually
from workflows.saga import SagaOutcome

Handle = WorkflowHandle[Any, Any]
A_MONTH = timedelta(days=30)
BEGUN_WITH = 1
"""The version of a request's row before its decision."""


class Held(Protocol):
    """How processes of one type are begun, held in their midst and let go."""

    @property
    def scripts(self) -> dict[str, Script]: ...

    async def begin(self, client: Client) -> Handle: ...

    async def in_its_midst(self, handle: Handle) -> None:
        """Returns when the process has come to where it is held."""

    async def let_go(self, handle: Handle) -> None:
        """May last until some worker has taken note of it."""

    async def end_well(self, handle: Handle) -> None:
        """Waits for the end. Raises AssertionError if it is another than that of an undisturbed process."""


@dataclass
class _Gate:
    reached: asyncio.Event = field(default_factory=asyncio.Event)
    goes: asyncio.Event = field(default_factory=asyncio.Event)

    async def pass_through(self) -> None:
        self.reached.set()
        await self.goes.wait()


class _Gates(defaultdict[str, _Gate]):
    """One for each process, by its workflow id."""

    def __init__(self) -> None:
        super().__init__(_Gate)

    def here(self) -> _Gate:
        """That of the process whose step is being carried out."""
        return self[str(activity.info().workflow_id)]


class HeldSaga:
    """A slice does not answer."""

    def __init__(self, kind: ProcessType, step: str) -> None:
        self._kind = kind
        self._gates = _Gates()
        self.scripts: dict[str, Script] = {step: self._hold}

    async def _hold(self, _step: Any) -> SliceResult:
        await self._gates.here().pass_through()
        return SliceResult(done=1, remaining=0)

    async def begin(self, client: Client) -> Handle:
        return await client.start_workflow(
            self._kind,
            input_of(self._kind),
            id=f"{self._kind}:{uuid4()}",
            task_queue=HOMES[self._kind],
            result_type=SagaOutcome,
        )

    async def in_its_midst(self, handle: Handle) -> None:
        await self._gates[handle.id].reached.wait()

    async def let_go(self, handle: Handle) -> None:
        self._gates[handle.id].goes.set()

    async def end_well(self, handle: Handle) -> None:
        assert (await handle.result()).status is ProcessStatus.COMPLETED


class PendingApprovals:
    """Nobody has decided on the request; a decision that is sent lets it go.

    As the service does, the step answers a repeat of a command with what the first one committed: a worker may have
    carried out a local activity when its task is refused.
    """

    def __init__(self) -> None:
        self._rows: dict[UUID, ApprovalOutcome] = {}
        self._committed: dict[str, ApprovalOutcome] = {}
        self._answers: dict[str, ApprovalOutcome] = {}
        self.scripts: dict[str, Script] = {
            "opportunity.load_approval": self._read,
            "opportunity.decide": self._decide,
        }

    def _read(self, request: ApprovalInput) -> ApprovalOutcome:
        return self._rows[request.approval_id]

    def _decide(self, command: DecideCommand) -> ApprovalOutcome:
        if command.command_key not in self._committed:
            row = self._rows[command.approval_id]
            decided = row.model_copy(
                update={"state": ApprovalState.APPROVED, "event_version": row.event_version + 1, "deadline_at": None}
            )
            self._rows[command.approval_id] = self._committed[command.command_key] = decided
        return self._committed[command.command_key]

    async def begin(self, client: Client) -> Handle:
        request = ApprovalInput(approval_id=uuid4(), generation=1)
        self._rows[request.approval_id] = ApprovalOutcome(
            approval_id=request.approval_id,
            state=ApprovalState.PENDING,
            stage=0,
            revision=1,
            event_version=BEGUN_WITH,
            deadline_at=clock.now() + A_MONTH,
        )
        return await client.start_workflow(
            ProcessType.APPROVAL,
            request,
            id=approval_id(request.approval_id, request.generation),
            task_queue=TaskQueue.OPPORTUNITY,
            result_type=ApprovalOutcome,
        )

    async def in_its_midst(self, handle: Handle) -> None:
        await eventually(lambda: _waits_for_time(handle), what="the timer of the deadline")

    async def let_go(self, handle: Handle) -> None:
        command = DecideCommand(
            approval_id=_request_of(handle),
            actor_id=uuid4(),
            actor_roles=["approver"],
            command_key=str(uuid4()),
            decision=Decision.APPROVE,
        )
        self._answers[handle.id] = await handle.execute_update(
            UPDATE_DECIDE, command, id=command.command_key, result_type=ApprovalOutcome
        )

    async def end_well(self, handle: Handle) -> None:
        """The decision was applied once, and who sent it, the workflow and the row tell the same."""
        outcome = await handle.result()
        assert (outcome.state, outcome.event_version) == (ApprovalState.APPROVED, BEGUN_WITH + 1)
        assert outcome == self._answers[handle.id] == self._rows[_request_of(handle)]


class WaitingTimers:
    """The task was told of, and falls due in a moment; telling that it is overdue does not succeed before the timer
    is let go, so that no clock decides whether the versions change in its midst."""

    def __init__(self) -> None:
        self._gates = _Gates()
        self._told: defaultdict[str, set[str]] = defaultdict(set)
        self.scripts: dict[str, Script] = {
            "sales_activity.notify_due_soon": self._tell_due_soon,
            "sales_activity.notify_overdue": self._tell_overdue,
        }

    def _tell_due_soon(self, timer: TaskDueInput) -> TimerState:
        self._told[task_due_id(timer.task_id)].add("due soon")
        return TimerState(due_date=timer.due_date, lead_hours=timer.lead_hours)

    async def _tell_overdue(self, timer: TaskDueInput) -> TimerState:
        gate = self._gates.here()
        if activity.info().is_local and not gate.goes.is_set():
            # A local try is over soon, and leaves it to the server to try again.
            raise ConnectionError("the database is away")
        await gate.goes.wait()
        self._told[task_due_id(timer.task_id)].add("overdue")
        return TimerState(due_date=None, lead_hours=timer.lead_hours)

    async def begin(self, client: Client) -> Handle:
        timer = TaskDueInput(task_id=uuid4(), due_date=clock.now() + SOON, lead_hours=24)
        return await client.start_workflow(
            ProcessType.TASK_DUE_SOON, timer, id=task_due_id(timer.task_id), task_queue=TaskQueue.SALES_ACTIVITY
        )

    async def in_its_midst(self, handle: Handle) -> None:
        await eventually(lambda: _waits_for_time(handle), what="the timer of the due date")

    async def let_go(self, handle: Handle) -> None:
        self._gates[handle.id].goes.set()

    async def end_well(self, handle: Handle) -> None:
        """Both were told; that each is told once is the service's promise."""
        await handle.result()
        assert self._told[handle.id] == {"due soon", "overdue"}


async def _waits_for_time(handle: Handle) -> bool:
    """Whether a timer runs, or ran, that is no step of the next version: one that tells what for."""
    events = (await handle.fetch_history()).events
    return any(
        event.event_type == EventType.EVENT_TYPE_TIMER_STARTED and event.user_metadata.HasField("summary")
        for event in events
    )


def _request_of(handle: Handle) -> UUID:
    return UUID(handle.id.split(":")[1])
