"""The approval workflow against a fake row: what it asks, when, and how it ends."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio import activity
from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError
from temporalio.service import RPCError, RPCStatusCode
from temporalio.worker import Replayer, Worker

from services.contracts.processes import (
    SIGNAL_ROW_CHANGED,
    UPDATE_DECIDE,
    WORKFLOW_ENDED,
    ApprovalInput,
    ApprovalOutcome,
    DecideCommand,
    Decision,
    RowChanged,
    approval_id,
)
from services.contracts.states import ApprovalState
from services.kit.running import clock
from services.kit.running.temporal import connect
from services.opportunity.dispatch import COMPLETED_BEFORE_UPDATE
from tests.support.temporal import TemporalServer
from tests.support.waiting import eventually
from workflows.approval import Approval

_NEXT = {
    Decision.APPROVE: ApprovalState.APPROVED,
    Decision.REJECT: ApprovalState.REJECTED,
    Decision.RETURN: ApprovalState.RETURNED,
}


class FakeRow:
    """A request with one stage, as the steps of the contract would find it."""

    def __init__(self) -> None:
        self.request = ApprovalInput(approval_id=uuid4(), generation=1)
        self.row = ApprovalOutcome(
            approval_id=self.request.approval_id, state=ApprovalState.PENDING, stage=0, revision=1, event_version=1
        )
        self.calls: list[str] = []
        self.failures = 0
        self.answers: dict[str, ApprovalOutcome] = {}

    def move(self, **changes: Any) -> ApprovalOutcome:
        self.row = self.row.model_copy(update={"event_version": self.row.event_version + 1} | changes)
        return self.row

    @activity.defn(name="opportunity.load_approval")
    async def load_approval(self, request: ApprovalInput) -> ApprovalOutcome:  # noqa: ARG002
        self.calls.append("load")
        return self.row

    @activity.defn(name="opportunity.decide")
    async def decide(self, command: DecideCommand) -> ApprovalOutcome:
        self.calls.append("decide")
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the database is away")
        if command.command_key in self.answers:
            return self.answers[command.command_key]
        if self.row.state is not ApprovalState.PENDING:
            raise ApplicationError("too late", {"state": self.row.state}, type="already_decided", non_retryable=True)
        self.answers[command.command_key] = self.move(state=_NEXT[command.decision], deadline_at=None, remind_at=None)
        return self.row

    @activity.defn(name="opportunity.remind")
    async def remind(self, request: ApprovalInput) -> ApprovalOutcome:  # noqa: ARG002
        self.calls.append("remind")
        self.row = self.row.model_copy(update={"remind_at": None})
        return self.row

    @activity.defn(name="opportunity.escalate")
    async def escalate(self, request: ApprovalInput) -> ApprovalOutcome:  # noqa: ARG002
        self.calls.append("escalate")
        return self.move(deadline_at=None, escalated=True)

    def command(self, decision: Decision = Decision.APPROVE, key: str | None = None) -> DecideCommand:
        return DecideCommand(
            approval_id=self.request.approval_id,
            actor_id=uuid4(),
            actor_roles=["approver"],
            command_key=key or str(uuid4()),
            decision=decision,
        )


Handle = WorkflowHandle[Any, ApprovalOutcome]


@asynccontextmanager
async def running(temporal: Client, row: FakeRow) -> AsyncIterator[Handle]:
    queue = f"approval-{row.request.approval_id}"
    steps: list[Callable[..., Any]] = [row.load_approval, row.decide, row.remind, row.escalate]
    async with Worker(temporal, task_queue=queue, workflows=[Approval], activities=steps):
        yield await temporal.start_workflow(
            Approval.run, row.request, id=approval_id(row.request.approval_id, 1), task_queue=queue
        )


async def decide(handle: Handle, command: DecideCommand) -> ApprovalOutcome:
    return await handle.execute_update(UPDATE_DECIDE, command, id=command.command_key, result_type=ApprovalOutcome)


async def test_it_ends_with_the_decision(temporal: Client) -> None:
    row = FakeRow()
    async with running(temporal, row) as handle:
        assert (await decide(handle, row.command())).state is ApprovalState.APPROVED
        assert (await handle.result()).state is ApprovalState.APPROVED


def _tells_the_end(error: BaseException) -> bool:
    """Each way in which Temporal says that the workflow has ended, by how far the update had come by then."""
    if isinstance(error, RPCError):
        return error.status is RPCStatusCode.NOT_FOUND
    cause = error.cause if isinstance(error, WorkflowUpdateFailedError) else None
    return isinstance(cause, ApplicationError) and cause.type in (WORKFLOW_ENDED, COMPLETED_BEFORE_UPDATE)


async def test_of_two_decisions_at_once_the_second_is_refused_without_asking_the_row(temporal: Client) -> None:
    row = FakeRow()
    async with running(temporal, row) as handle:
        await eventually(lambda: "load" in row.calls)
        outcomes = await asyncio.gather(
            decide(handle, row.command()), decide(handle, row.command(Decision.REJECT)), return_exceptions=True
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
        assert [_tells_the_end(error) for error in refused] == [True], outcomes
        await handle.result()
        assert row.calls.count("decide") == 1


async def test_an_accepted_decision_is_carried_out_once_the_database_is_back(temporal: Client) -> None:
    row = FakeRow()
    row.failures = 3
    async with running(temporal, row) as handle:
        assert (await decide(handle, row.command())).state is ApprovalState.APPROVED
        assert row.calls.count("decide") == 4


async def test_when_the_row_moved_without_it_it_follows_the_row(temporal: Client) -> None:
    row = FakeRow()
    async with running(temporal, row) as handle:
        await eventually(lambda: "load" in row.calls)
        moved = row.move(state=ApprovalState.CANCELLED)
        await handle.signal(SIGNAL_ROW_CHANGED, RowChanged(version=moved.event_version))
        assert (await handle.result()).state is ApprovalState.CANCELLED


async def test_a_signal_about_what_it_knows_already_asks_nothing(temporal: Client) -> None:
    row = FakeRow()
    async with running(temporal, row) as handle:
        await eventually(lambda: "load" in row.calls)
        await handle.signal(SIGNAL_ROW_CHANGED, RowChanged(version=1))
        await decide(handle, row.command())
        assert row.calls == ["load", "decide"]


async def test_a_refusal_of_the_row_reaches_the_caller_and_makes_it_look_again(temporal: Client) -> None:
    row = FakeRow()
    async with running(temporal, row) as handle:
        await eventually(lambda: "load" in row.calls)
        row.move(state=ApprovalState.REJECTED)
        with pytest.raises(WorkflowUpdateFailedError) as refused:
            await decide(handle, row.command())
        assert isinstance(refused.value.cause, ApplicationError)
        assert refused.value.cause.type == "already_decided"
        assert (await handle.result()).state is ApprovalState.REJECTED


async def test_it_reminds_before_the_deadline_and_escalates_after_it_and_decides_nothing(temporal: Client) -> None:
    row = FakeRow()
    now = clock.now()
    row.row = row.row.model_copy(
        update={"remind_at": now + timedelta(seconds=1), "deadline_at": now + timedelta(seconds=3)}
    )
    async with running(temporal, row) as handle:
        await eventually(lambda: "escalate" in row.calls)
        assert [call for call in row.calls if call != "load"] == ["remind", "escalate"]
        assert row.row.state is ApprovalState.PENDING
        await decide(handle, row.command())


async def test_the_clock_stands_while_the_request_is_returned(temporal: Client) -> None:
    row = FakeRow()
    row.row = row.row.model_copy(update={"deadline_at": clock.now() + timedelta(seconds=2)})
    async with running(temporal, row) as handle:
        await decide(handle, row.command(Decision.RETURN))
        history = await handle.fetch_history()
        fired = [event for event in history.events if event.HasField("timer_fired_event_attributes")]
        assert fired == []
        resumed = row.move(state=ApprovalState.PENDING, deadline_at=clock.now() + timedelta(seconds=1))
        await handle.signal(SIGNAL_ROW_CHANGED, RowChanged(version=resumed.event_version))
        await eventually(lambda: "escalate" in row.calls)


async def test_its_history_replays(temporal: Client, temporal_server: TemporalServer) -> None:
    row = FakeRow()
    async with running(temporal, row) as handle:
        await decide(handle, row.command(Decision.RETURN))
        resumed = row.move(state=ApprovalState.PENDING, deadline_at=clock.now() + timedelta(seconds=1))
        await handle.signal(SIGNAL_ROW_CHANGED, RowChanged(version=resumed.event_version))
        await eventually(lambda: "escalate" in row.calls)
        await decide(handle, row.command())
        await handle.result()
        history = await handle.fetch_history()
    converter = (await connect(temporal_server.settings)).data_converter
    await Replayer(workflows=[Approval], data_converter=converter).replay_workflow(history)
