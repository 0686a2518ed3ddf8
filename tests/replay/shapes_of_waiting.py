"""Shapes of the processes that wait for people and for time: approvals, timers, and the schedules' comparisons."""

import contextlib
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from temporalio.client import Client, WorkflowHandle, WorkflowUpdateFailedError
from temporalio.exceptions import ApplicationError

from activities.sales_activity.contract import ReconcileResult, TimerState
from services.contracts.processes import (
    PURGE_ATTACHMENTS,
    RECONCILE_PROCESSES,
    RECONCILE_TASK_TIMERS,
    SIGNAL_ROW_CHANGED,
    UPDATE_ADD_APPROVER,
    UPDATE_ASK_OPINION,
    UPDATE_CANCEL,
    UPDATE_DECIDE,
    UPDATE_DECLINE_OPINION,
    UPDATE_GIVE_OPINION,
    UPDATE_HOLD,
    UPDATE_REASSIGN,
    UPDATE_RECALL,
    UPDATE_RELEASE,
    UPDATE_RESUBMIT,
    UPDATE_TAKE_BACK,
    UPDATE_WITHDRAW_OPINION,
    AddApproverCommand,
    ApprovalInput,
    ApprovalOutcome,
    AskOpinionCommand,
    DecideCommand,
    Decision,
    DeclineOpinionCommand,
    GiveOpinionCommand,
    ProcessCommand,
    ProcessType,
    ReassignCommand,
    RecallCommand,
    ResubmitCommand,
    RowChanged,
    TakeBackCommand,
    TaskDueInput,
    TaskQueue,
    WithdrawOpinionCommand,
)
from services.contracts.states import ApprovalState
from services.contracts.steps import SliceResult
from services.kit.running import clock
from tests.replay.scripted_run import Script, played

Handle = WorkflowHandle[Any, Any]
Play = Callable[[Handle, UUID], Awaitable[None]]
SOON = timedelta(milliseconds=300)
TRIES_WITHIN_A_TASK = 6
"""Pauses of 100, 200 … 1,600 ms are waited for within the task (`APPROVAL_RETRY`), the next is a durable timer."""


class Row:
    """The row of a request: each step moves it to the next of the states that the shape foresees."""

    def __init__(self, *states: ApprovalState, remind: bool = False) -> None:
        self._states = iter(states)
        self._version = 0
        self._stumbles = 0
        self._alarms = {"remind_at": clock.now() + SOON, "deadline_at": clock.now() + SOON * 2} if remind else {}
        self.outcome = self._next()

    def _next(self) -> ApprovalOutcome:
        self._version += 1
        return ApprovalOutcome(
            approval_id=uuid4(),
            state=next(self._states),
            stage=0,
            revision=1,
            event_version=self._version,
            **self._alarms,
        )

    def read(self, _command: Any) -> ApprovalOutcome:
        return self.outcome

    def move(self, _command: Any) -> ApprovalOutcome:
        self.outcome = self._next()
        return self.outcome

    def ring(self, alarm: str) -> Script:
        def rung(command: Any) -> ApprovalOutcome:
            self._alarms.pop(alarm)
            return self.move(command)

        return rung

    def stumble(self, command: Any) -> ApprovalOutcome:
        """Fails until the pause between two tries outgrows what a workflow task may wait for."""
        self._stumbles += 1
        if self._stumbles <= TRIES_WITHIN_A_TASK:
            raise ConnectionError("the database is away")
        return self.move(command)

    def refuse(self, _command: Any) -> ApprovalOutcome:
        raise ApplicationError("already decided", type="already_decided", non_retryable=True)


def approval(row: Callable[[], Row], play: Play, **scripts: str) -> Callable[[Client], Awaitable[Handle]]:
    """`scripts`: steps that do something else than move the row."""

    async def shape(client: Client) -> Handle:
        request, steps = uuid4(), row()
        moves: dict[str, Script] = dict.fromkeys(
            (
                *("decide", "recall", "take_back", "add_approver", "resubmit", "reassign", "hold", "release", "cancel"),
                *("ask_opinion", "give_opinion", "decline_opinion", "withdraw_opinion"),
            ),
            steps.move,
        )
        moves |= {"load_approval": steps.read, "remind": steps.ring("remind_at"), "escalate": steps.ring("deadline_at")}
        moves |= {step: getattr(steps, does) for step, does in scripts.items()}
        async with played(client, {f"opportunity.{step}": does for step, does in moves.items()}):
            handle = await client.start_workflow(
                ProcessType.APPROVAL,
                ApprovalInput(approval_id=request, generation=1),
                id=f"approval:{request}:1",
                task_queue=TaskQueue.OPPORTUNITY,
            )
            await play(handle, request)
            await handle.result()
            return handle

    return shape


def _command(request: UUID) -> dict[str, Any]:
    return {"approval_id": request, "actor_id": uuid4(), "actor_roles": ["approver"], "command_key": str(uuid4())}


async def _decide(handle: Handle, request: UUID, decision: Decision = Decision.APPROVE) -> None:
    await handle.execute_update(UPDATE_DECIDE, DecideCommand(**_command(request), decision=decision))


async def _approve_twice(handle: Handle, request: UUID) -> None:
    await _decide(handle, request)
    await _decide(handle, request)


async def _return_and_resubmit(handle: Handle, request: UUID) -> None:
    await _decide(handle, request, Decision.RETURN)
    await handle.execute_update(UPDATE_RESUBMIT, ResubmitCommand(**_command(request)))
    await _decide(handle, request)


async def _approve_after_a_return(handle: Handle, request: UUID) -> None:
    await _decide(handle, request)
    await _return_and_resubmit(handle, request)
    await _decide(handle, request)


async def _reassign(handle: Handle, request: UUID) -> None:
    command = ReassignCommand(**_command(request), from_id=uuid4(), to_id=uuid4(), process_id=uuid4())
    await handle.execute_update(UPDATE_REASSIGN, command)
    await _decide(handle, request)


async def _approve_take_back_and_approve(handle: Handle, request: UUID) -> None:
    await _decide(handle, request)
    await handle.execute_update(UPDATE_TAKE_BACK, TakeBackCommand(**_command(request)))
    await _decide(handle, request)


async def _step_in_take_back_and_approve(handle: Handle, request: UUID) -> None:
    superior = DecideCommand(**_command(request), decision=Decision.APPROVE, instead_of=uuid4(), comment_ref=uuid4())
    await handle.execute_update(UPDATE_DECIDE, superior)
    await handle.execute_update(UPDATE_TAKE_BACK, TakeBackCommand(**_command(request)))
    await _decide(handle, request)


async def _add_an_approver(handle: Handle, request: UUID) -> None:
    added = AddApproverCommand(**_command(request), user_id=uuid4(), before=True)
    await handle.execute_update(UPDATE_ADD_APPROVER, added)
    await _decide(handle, request)
    await _decide(handle, request)


async def _ask_for_opinions(handle: Handle, request: UUID) -> None:
    for update, answer in (
        (UPDATE_GIVE_OPINION, GiveOpinionCommand(**_command(request))),
        (UPDATE_DECLINE_OPINION, DeclineOpinionCommand(**_command(request))),
        (UPDATE_WITHDRAW_OPINION, WithdrawOpinionCommand(**_command(request), user_id=uuid4())),
    ):
        question = AskOpinionCommand(**_command(request), user_id=uuid4(), blocks=True)
        await handle.execute_update(UPDATE_ASK_OPINION, question)
        await handle.execute_update(update, answer)
    await _decide(handle, request)


async def _recall_too_late(handle: Handle, request: UUID) -> None:
    await _decide(handle, request)
    with contextlib.suppress(WorkflowUpdateFailedError):
        await _recall(handle, request)
    await _decide(handle, request)


async def _recall(handle: Handle, request: UUID) -> None:
    await handle.execute_update(UPDATE_RECALL, RecallCommand(**_command(request)))


async def _hold_and_cancel(handle: Handle, request: UUID) -> None:
    for update in (UPDATE_HOLD, UPDATE_RELEASE, UPDATE_HOLD, UPDATE_CANCEL):
        await handle.execute_update(update, ProcessCommand(**_command(request), process_id=uuid4()))


async def _wait_for_the_alarms(handle: Handle, request: UUID) -> None:
    rung = 0
    async for event in handle.fetch_history_events(wait_new_event=True):
        rung += event.HasField("timer_fired_event_attributes")
        if rung == 2:
            break
    await _decide(handle, request)


async def _lose_to_the_row(handle: Handle, request: UUID) -> None:
    with contextlib.suppress(WorkflowUpdateFailedError):
        await _decide(handle, request)
    await handle.signal(SIGNAL_ROW_CHANGED, RowChanged(version=9))
    await _recall(handle, request)


def timer(*, ended: bool) -> Callable[[Client], Awaitable[Handle]]:
    """Due in a moment; `ended`: the task has nothing left to tell when the timer asks."""

    async def shape(client: Client) -> Handle:
        task = TaskDueInput(task_id=uuid4(), due_date=clock.now() + SOON, lead_hours=24)
        state = TimerState(due_date=None if ended else task.due_date, lead_hours=24)
        steps = dict.fromkeys(("sales_activity.notify_due_soon", "sales_activity.notify_overdue"), lambda _: state)
        async with played(client, steps):
            handle = await client.start_workflow(
                ProcessType.TASK_DUE_SOON, task, id=f"task-due:{task.task_id}", task_queue=TaskQueue.SALES_ACTIVITY
            )
            await handle.result()
            return handle

    return shape


def comparison(workflow: str, queue: TaskQueue, step: str, answer: Any) -> Callable[[Client], Awaitable[Handle]]:
    async def shape(client: Client) -> Handle:
        async with played(client, {step: lambda _: answer} if answer is not None else {}):
            handle = await client.start_workflow(workflow, id=f"{workflow}:{uuid4()}", task_queue=queue)
            await handle.result()
            return handle

    return shape


_S = ApprovalState
_NAME = ProcessType.APPROVAL

SHAPES: dict[str, Callable[[Client], Awaitable[Handle]]] = {
    f"{_NAME}.approved": approval(lambda: Row(_S.PENDING, _S.PENDING, _S.APPROVED), _approve_twice),
    f"{_NAME}.returned": approval(lambda: Row(_S.PENDING, _S.RETURNED, _S.PENDING, _S.APPROVED), _return_and_resubmit),
    f"{_NAME}.approved_after_a_return": approval(
        lambda: Row(_S.PENDING, _S.PENDING, _S.RETURNED, _S.PENDING, _S.PENDING, _S.APPROVED), _approve_after_a_return
    ),
    f"{_NAME}.reassigned": approval(lambda: Row(_S.PENDING, _S.PENDING, _S.APPROVED), _reassign),
    f"{_NAME}.database_away": approval(lambda: Row(_S.PENDING, _S.APPROVED), _decide, decide="stumble"),
    f"{_NAME}.recalled_too_late": approval(
        lambda: Row(_S.PENDING, _S.PENDING, _S.APPROVED), _recall_too_late, recall="refuse"
    ),
    f"{_NAME}.taken_back": approval(
        lambda: Row(_S.PENDING, _S.PENDING, _S.PENDING, _S.APPROVED), _approve_take_back_and_approve
    ),
    f"{_NAME}.stepped_in": approval(
        lambda: Row(_S.PENDING, _S.PENDING, _S.PENDING, _S.APPROVED), _step_in_take_back_and_approve
    ),
    f"{_NAME}.approver_added": approval(lambda: Row(_S.PENDING, _S.PENDING, _S.PENDING, _S.APPROVED), _add_an_approver),
    f"{_NAME}.opinions": approval(lambda: Row(*[_S.PENDING] * 7, _S.APPROVED), _ask_for_opinions),
    f"{_NAME}.recalled": approval(lambda: Row(_S.PENDING, _S.RECALLED), _recall),
    f"{_NAME}.held_and_cancelled": approval(
        lambda: Row(_S.PENDING, _S.ON_HOLD, _S.PENDING, _S.ON_HOLD, _S.CANCELLED), _hold_and_cancel
    ),
    f"{_NAME}.escalated": approval(
        lambda: Row(_S.PENDING, _S.PENDING, _S.PENDING, _S.APPROVED, remind=True), _wait_for_the_alarms
    ),
    f"{_NAME}.refused": approval(lambda: Row(_S.PENDING, _S.RECALLED), _lose_to_the_row, decide="refuse"),
    f"{ProcessType.TASK_DUE_SOON}.told": timer(ended=False),
    f"{ProcessType.TASK_DUE_SOON}.ended": timer(ended=True),
    f"{RECONCILE_PROCESSES}.done": comparison(
        RECONCILE_PROCESSES, TaskQueue.OPPORTUNITY, "ledger.reconcile_processes", None
    ),
    f"{PURGE_ATTACHMENTS}.done": comparison(
        PURGE_ATTACHMENTS, TaskQueue.OPPORTUNITY, "opportunity.purge_files", SliceResult(done=1, remaining=0)
    ),
    f"{RECONCILE_TASK_TIMERS}.done": comparison(
        RECONCILE_TASK_TIMERS,
        TaskQueue.SALES_ACTIVITY,
        "sales_activity.reconcile_timers",
        ReconcileResult(started=1, ended=1),
    ),
}
