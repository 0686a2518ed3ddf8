"""One approval request of one generation, from its submission to its end.

The row of the request is the truth. The workflow hands each command to one short local activity that decides on the
locked row, keeps the reminder and the escalation of the current stage as durable timers, and ends with the request.
When the row moves without it (`row_changed`), it reads the row again and goes on from there.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TypeVar

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

with workflow.unsafe.imports_passed_through():
    from activities.opportunity import contract as opportunity
    from services.contracts.processes import (
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
        WORKFLOW_ENDED,
        AddApproverCommand,
        ApprovalCommand,
        ApprovalInput,
        ApprovalOutcome,
        AskOpinionCommand,
        DecideCommand,
        DeclineOpinionCommand,
        GiveOpinionCommand,
        ProcessCommand,
        ProcessType,
        ReassignCommand,
        RecallCommand,
        ResubmitCommand,
        RowChanged,
        TakeBackCommand,
        WithdrawOpinionCommand,
    )
    from services.contracts.states import TERMINAL_APPROVAL_STATES
    from services.kit.errors import NotFound
    from services.kit.processes.search_attributes import PROCESS_STATUS
    from workflows.local_steps import carry_out
    from workflows.policies import (
        APPROVAL_REFUSED_PAUSE,
        APPROVAL_RETRY,
        APPROVAL_STEP_TIMEOUT,
    )

CommandT = TypeVar("CommandT", bound=ApprovalCommand | ApprovalInput)

SHORTEST_TIMER = timedelta(seconds=1)
LONGEST_UNCONFIRMED = timedelta(hours=1)
"""A timer that the row does not confirm yet (its clock is another machine's) is tried again after the first, then
later each time."""


@workflow.defn(name=ProcessType.APPROVAL)
class Approval:
    @workflow.init
    def __init__(self, request: ApprovalInput) -> None:
        self._request = request
        # Updates come in any number at once; the row is asked for one of them at a time, in their order.
        self._lock = asyncio.Lock()
        self._row: ApprovalOutcome | None = None
        self._stale = True
        self._moved = False
        self._unconfirmed = 0

    @workflow.run
    async def run(self, request: ApprovalInput) -> ApprovalOutcome:  # noqa: ARG002 - taken by __init__
        while (row := self._ended()) is None:
            if self._stale:
                await self._unless_refused(self._reread)
            elif not await self._something_new():
                await self._unless_refused(self._ring)
        await workflow.wait_condition(workflow.all_handlers_finished)
        return row

    # Updates ----------------------------------------------------------------------------------------

    @workflow.update(name=UPDATE_DECIDE)
    async def decide(self, command: DecideCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.decide, command)

    @workflow.update(name=UPDATE_RECALL)
    async def recall(self, command: RecallCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.recall, command)

    @workflow.update(name=UPDATE_TAKE_BACK)
    async def take_back(self, command: TakeBackCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.take_back, command)

    @workflow.update(name=UPDATE_ADD_APPROVER)
    async def add_approver(self, command: AddApproverCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.add_approver, command)

    @workflow.update(name=UPDATE_ASK_OPINION)
    async def ask_opinion(self, command: AskOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.ask_opinion, command)

    @workflow.update(name=UPDATE_GIVE_OPINION)
    async def give_opinion(self, command: GiveOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.give_opinion, command)

    @workflow.update(name=UPDATE_DECLINE_OPINION)
    async def decline_opinion(self, command: DeclineOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.decline_opinion, command)

    @workflow.update(name=UPDATE_WITHDRAW_OPINION)
    async def withdraw_opinion(self, command: WithdrawOpinionCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.withdraw_opinion, command)

    @workflow.update(name=UPDATE_RESUBMIT)
    async def resubmit(self, command: ResubmitCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.resubmit, command)

    @workflow.update(name=UPDATE_REASSIGN)
    async def reassign(self, command: ReassignCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.reassign, command)

    @workflow.update(name=UPDATE_HOLD)
    async def hold(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.hold, command)

    @workflow.update(name=UPDATE_RELEASE)
    async def release(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.release, command)

    @workflow.update(name=UPDATE_CANCEL)
    async def cancel(self, command: ProcessCommand) -> ApprovalOutcome:
        return await self._carry_out(opportunity.cancel, command)

    @decide.validator
    def _decide_while_open(self, command: DecideCommand) -> None:
        self._refuse_after_the_end(command)

    @recall.validator
    def _recall_while_open(self, command: RecallCommand) -> None:
        self._refuse_after_the_end(command)

    @take_back.validator
    def _take_back_while_open(self, command: TakeBackCommand) -> None:
        self._refuse_after_the_end(command)

    @add_approver.validator
    def _add_approver_while_open(self, command: AddApproverCommand) -> None:
        self._refuse_after_the_end(command)

    @ask_opinion.validator
    def _ask_opinion_while_open(self, command: AskOpinionCommand) -> None:
        self._refuse_after_the_end(command)

    @give_opinion.validator
    def _give_opinion_while_open(self, command: GiveOpinionCommand) -> None:
        self._refuse_after_the_end(command)

    @decline_opinion.validator
    def _decline_opinion_while_open(self, command: DeclineOpinionCommand) -> None:
        self._refuse_after_the_end(command)

    @withdraw_opinion.validator
    def _withdraw_opinion_while_open(self, command: WithdrawOpinionCommand) -> None:
        self._refuse_after_the_end(command)

    @resubmit.validator
    def _resubmit_while_open(self, command: ResubmitCommand) -> None:
        self._refuse_after_the_end(command)

    @reassign.validator
    def _reassign_while_open(self, command: ReassignCommand) -> None:
        self._refuse_after_the_end(command)

    @hold.validator
    def _hold_while_open(self, command: ProcessCommand) -> None:
        self._refuse_after_the_end(command)

    @release.validator
    def _release_while_open(self, command: ProcessCommand) -> None:
        self._refuse_after_the_end(command)

    @cancel.validator
    def _cancel_while_open(self, command: ProcessCommand) -> None:
        self._refuse_after_the_end(command)

    @workflow.signal(name=SIGNAL_ROW_CHANGED)
    def row_changed(self, change: RowChanged) -> None:
        if self._row is None or change.version > self._row.event_version:
            self._stale = True

    # The row ----------------------------------------------------------------------------------------

    async def _carry_out(
        self, step: Callable[[CommandT], Awaitable[ApprovalOutcome]], command: CommandT
    ) -> ApprovalOutcome:
        async with self._lock:
            self._refuse_after_the_end(command)
            try:
                return await self._commit(step, command)
            except (ActivityError, ApplicationError) as error:
                # The row knew better: look at it before the next timer rings.
                self._stale = True
                raise _refusal(error) from error

    async def _commit(
        self, step: Callable[[CommandT], Awaitable[ApprovalOutcome]], command: CommandT
    ) -> ApprovalOutcome:
        """One short transaction, repeated until the database answers; what it committed is where the request
        stands."""
        outcome = await carry_out(step, command, timeout=APPROVAL_STEP_TIMEOUT, unbounded_retry=APPROVAL_RETRY)
        if self._row is None or outcome.event_version >= self._row.event_version:
            self._show(outcome)
            self._row, self._moved = outcome, True
        return outcome

    async def _unless_refused(self, look: Callable[[], Awaitable[None]]) -> None:
        """Reading the row or ringing an alarm may meet what a repeat can't cure. The request stays open to its
        commands, and the same is tried again when it moves, or when somebody had time to mend the cause."""
        self._moved = False
        try:
            await look()
        except (ActivityError, ApplicationError) as error:
            if _refusal(error).type == NotFound.code:
                raise  # there is no such row: nothing will ever happen here
            with suppress(TimeoutError):
                await workflow.wait_condition(
                    lambda: self._stale or self._moved, timeout=APPROVAL_REFUSED_PAUSE, timeout_summary="until mended"
                )
            self._stale = True

    async def _reread(self) -> None:
        async with self._lock:
            self._stale = False
            await self._commit(opportunity.load_approval, self._request)

    async def _ring(self) -> None:
        """The earliest alarm is due: the reminder comes before the deadline."""
        async with self._lock:
            row = self._row
            if row is None or self._ended() is not None:
                return
            now = workflow.now()
            if row.deadline_at is not None and row.deadline_at <= now:
                await self._commit(opportunity.escalate, self._request)
            elif row.remind_at is not None and row.remind_at <= now:
                await self._commit(opportunity.remind, self._request)
            alarm = self._next_alarm()
            self._unconfirmed = self._unconfirmed + 1 if alarm is not None and alarm <= now else 0

    async def _something_new(self) -> bool:
        """Wait until a command moved the row, the row moved by itself (True), or an alarm is due (False)."""
        self._moved = False
        alarm = self._next_alarm()
        shortest = min(SHORTEST_TIMER * 2**self._unconfirmed, LONGEST_UNCONFIRMED)
        wait = None if alarm is None else max(alarm - workflow.now(), shortest)
        try:
            await workflow.wait_condition(
                lambda: self._stale or self._moved, timeout=wait, timeout_summary="reminder or deadline of the stage"
            )
        except TimeoutError:
            return False
        return True

    def _next_alarm(self) -> datetime | None:
        if self._row is None:
            return None
        alarms = [alarm for alarm in (self._row.remind_at, self._row.deadline_at) if alarm is not None]
        return min(alarms, default=None)

    def _ended(self) -> ApprovalOutcome | None:
        return self._row if self._row is not None and self._row.state in TERMINAL_APPROVAL_STATES else None

    def _refuse_after_the_end(self, command: ApprovalCommand | ApprovalInput) -> None:  # noqa: ARG002
        if self._ended() is not None:
            raise ApplicationError("the request has ended; its row tells how", type=WORKFLOW_ENDED, non_retryable=True)

    def _show(self, outcome: ApprovalOutcome) -> None:
        """What ops sees in Temporal's UI: states, counts and times, nothing personal."""
        if self._row is None or self._row.state is not outcome.state:
            workflow.upsert_search_attributes([PROCESS_STATUS.value_set(outcome.state)])
        alarm = "" if outcome.deadline_at is None else f", deadline {outcome.deadline_at:%Y-%m-%d %H:%M} UTC"
        escalated = ", escalated" if outcome.escalated else ""
        workflow.set_current_details(
            f"**{outcome.state}** — stage {outcome.stage + 1}, revision {outcome.revision}{alarm}{escalated}"
        )


def _refusal(error: ActivityError | ApplicationError) -> ApplicationError:
    """The business error of the local activity, as the caller of the update shall see it.

    A local activity's own error arrives as it is, where a normal activity's would be the cause of an ActivityError.
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    if isinstance(cause, ApplicationError):
        return ApplicationError(cause.message, *cause.details, type=cause.type, non_retryable=True)
    return ApplicationError(str(error), type="step_failed", non_retryable=True)
