"""The frame that every saga stands in: forward until the pivot, undone before it, insisted upon after it.

A process derives from `Saga`, registers its undos, and tells in prose which steps come before the pivot
(`conduct(before=…)`) and which after it (`conduct(after=…)`). What goes wrong is answered here:

- before the pivot a business error, an exhausted step, a cancel or the update `compensate` unwinds the undo stack;
- at the pivot a business error does the same; any other failure is repeated, as it may have committed;
- after the pivot, and while undoing, everything is repeated until it succeeds; a person is told meanwhile.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any, cast

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError

from activities.ledger.contract import KnownProcess
from services.contracts.processes import UPDATE_COMPENSATE, UPDATE_RETRY, OperatorCommand, SagaInput
from services.contracts.steps import Acknowledged, SliceResult, SweepResult
from services.kit.models import CamelModel
from services.kit.processes.errors import PastPivot
from services.kit.processes.failures import application_error
from services.kit.processes.statuses import ProcessStatus, StepStatus
from workflows.attention import Attention, Standstill
from workflows.calls import StepAnswer, StepCall, Stub, insist, reason_of, try_for_a_while
from workflows.compensation import Undo, UndoStack, unstoppable
from workflows.local_steps import BOUNDED_HISTORY
from workflows.progress import Progress

UNDOING = "undoing"


class SagaOutcome(CamelModel):
    """How the process ended; `detail` is the code of what made it turn back."""

    status: ProcessStatus
    detail: str | None = None


class Saga:
    """State and vocabulary of one running process."""

    def __init__(self) -> None:
        self.progress: Progress
        self._attention: Attention | None = None
        self._undos = UndoStack()
        self._sequences: Counter[Stub[Any, Any]] = Counter()
        self._forward: asyncio.Task[None] | None = None
        self._pivoting = False
        self._insisting = False
        self._compensating = False
        self._rehearsing = False
        self._rehearsed: list[str] = []
        self._given_undos = 0
        self._before: Callable[[], Coroutine[Any, Any, None]]
        self._after: Callable[[], Coroutine[Any, Any, None]]

    @property
    def attention(self) -> Attention:
        assert self._attention is not None, "the process is not conducted yet"
        return self._attention

    # Updates of the operators ---------------------------------------------------------------------

    @workflow.update(name=UPDATE_RETRY)
    async def retry(self, command: OperatorCommand) -> Acknowledged:  # noqa: ARG002 - who asked stands in the history
        """Try at once what waits for its next try; harmless when nothing waits."""
        if self._attention is not None:
            self._attention.wake()
        return Acknowledged()

    @workflow.update(name=UPDATE_COMPENSATE)
    async def compensate(self, command: OperatorCommand) -> Acknowledged:  # noqa: ARG002
        """Begin the undo; a process that is being undone already just goes on."""
        self._compensating = True
        if self._forward is not None:
            self._forward.cancel()
        return Acknowledged()

    @compensate.validator
    def _refuse_past_pivot(self, command: OperatorCommand) -> None:  # noqa: ARG002
        if self._pivoting:
            raise application_error(PastPivot())

    # The frame ------------------------------------------------------------------------------------

    async def conduct(
        self,
        request: SagaInput,
        steps: type[StrEnum],
        *,
        before: Callable[[], Coroutine[Any, Any, None]],
        after: Callable[[], Coroutine[Any, Any, None]],
    ) -> SagaOutcome:
        """Run `before` (which ends with `pivot`), then `after`; or undo what `before` did.

        `steps` in order. Where an earlier run has worked already, this one goes on in its direction: its steps are
        answered with what they did then.
        """
        self._before, self._after, self._given_undos = before, after, len(self._undos)
        self.progress = Progress(request.process_id, steps)
        if workflow.patched(BOUNDED_HISTORY):
            # Harmless for whoever asks meanwhile: an operator's update is carried out within the task that brings it.
            self._attention = Attention(self.progress, lambda: workflow.continue_as_new(request))
            known = await self.progress.load()
        else:
            self._attention, known = Attention(self.progress, None), None
        outcome = await self._resume(known) if known is not None else None
        if outcome is None:
            outcome = await self._begin()
        await unstoppable(workflow.wait_condition(workflow.all_handlers_finished))
        return outcome

    async def _resume(self, known: KnownProcess) -> SagaOutcome | None:
        """The end that an earlier run has brought about; None: the way forward is open."""
        if known.turned_back_for is not None:
            return await unstoppable(self._undo_everything(known.turned_back_for))
        if known.decided:
            self._pivoting = True
            return await unstoppable(self._finish_decided())
        return None

    async def _begin(self) -> SagaOutcome:
        self._forward = asyncio.ensure_future(self._go_forward())
        if self._compensating or _cancelled_meanwhile():
            self._forward.cancel()
        error = await self._end_of(self._forward)
        return await unstoppable(self._finish() if error is None else self._turn_back(error))

    async def _end_of(self, forward: asyncio.Task[None]) -> BaseException | None:
        """What made it turn back, if anything did. A cancel of the workflow reaches it; its own end alone decides."""
        while not forward.done():
            try:
                await asyncio.shield(forward)
            except asyncio.CancelledError:
                forward.cancel()
            except (ActivityError, ApplicationError) as error:
                return error
        return asyncio.CancelledError() if forward.cancelled() else forward.exception()

    async def _go_forward(self) -> None:
        if self.progress.status is not ProcessStatus.NEEDS_ATTENTION:
            self.progress.show_status(ProcessStatus.RUNNING)
        await self._before()

    async def _finish(self) -> SagaOutcome:
        self._undos.clear()
        self._insisting = True
        await self._after()
        await self.progress.close(ProcessStatus.COMPLETED)
        return SagaOutcome(status=ProcessStatus.COMPLETED)

    async def _finish_decided(self) -> SagaOutcome:
        """The pivot has committed, whether or not the run that asked for it heard of that."""
        await self._rehearse()
        for step in self._rehearsed:
            await self.progress.record_step(step, StepStatus.DONE)
        return await self._finish()

    async def _turn_back(self, error: BaseException) -> SagaOutcome:
        reason = reason_of(error)
        if self.attention.bounded:
            if not await self.progress.turn_back(reason):
                return await self._finish_decided()
            if self.progress.resumed:
                return await self._undo_everything(reason)
        return await self._undo(reason)

    async def _undo_everything(self, reason: str) -> SagaOutcome:
        """Whatever earlier runs may have done: an undo does nothing where nothing happened."""
        await self._rehearse()
        return await self._undo(reason)

    async def _undo(self, reason: str) -> SagaOutcome:
        self.attention.reason = reason
        self._compensating = self._insisting = True
        if self.progress.status is not ProcessStatus.NEEDS_ATTENTION:
            self.progress.show_status(ProcessStatus.RUNNING, reason)
        for undo, last_of_step in self._undos.unwind():
            await self._take_back(undo)
            if last_of_step and undo.step not in self.progress.steps_in(StepStatus.PLANNED):
                await self.progress.record_step(undo.step, StepStatus.UNDONE)
        for step in self.progress.steps_in(StepStatus.RUNNING):
            await self.progress.record_step(step, StepStatus.UNDONE)
        await self.progress.close(ProcessStatus.COMPENSATED, reason)
        return SagaOutcome(status=ProcessStatus.COMPENSATED, detail=reason)

    async def _rehearse(self) -> None:
        """Go through the steps before the pivot without doing them, to know them and all their undos."""
        self._undos.shorten(self._given_undos)
        self._rehearsing = True
        await self._before()
        self._rehearsing = False

    async def _take_back(self, undo: Undo) -> None:
        wait = Standstill(self.attention, undo.step)
        while True:
            answer = await self.do(undo.step, undo.stub, undo.call)
            if isinstance(answer, Acknowledged) or not answer.remaining:
                return
            self.progress.moved(undo.step, -answer.done, answer.remaining)
            await self.progress.record_step(undo.step, StepStatus.RUNNING, UNDOING)
            await wait.after(moved=answer.done)

    # What processes are written with --------------------------------------------------------------

    @asynccontextmanager
    async def step(self, name: str) -> AsyncIterator[None]:
        """Open a step in the ledger, and close it when its block ends well."""
        if self._rehearsing:
            self._rehearsed.append(name)
            yield
            return
        await self.progress.record_step(name, StepStatus.RUNNING)
        self._heed_cancel()
        yield
        await self.progress.record_step(name, StepStatus.DONE)
        self._heed_cancel()

    def undo_with(self, step: str, stub: Stub[StepCall, Any], call: StepCall) -> None:
        """Register how to take back what is about to be done. Slices are repeated until none remain."""
        self._undos.register(Undo(step, stub, call))

    async def do(self, step: str, stub: Stub[StepCall, StepAnswer], call: StepCall) -> StepAnswer:
        """One call of a step, on the queue of its service."""
        if self._rehearsing:
            return cast("StepAnswer", Acknowledged())
        numbered = call.model_copy(update={"sequence": self._sequences[stub]})
        if self._insisting:
            answer = await insist(self.attention, step, stub, numbered)
        else:
            answer = await try_for_a_while(stub, numbered)
        self._heed_cancel()
        self._sequences[stub] += 1
        return answer

    async def fence(self, step: str, stub: Stub[StepCall, SliceResult], call: StepCall) -> None:
        """Close the resource in one service; what it counts is the step's total."""
        if not self._rehearsing:
            self.progress.expect(step, (await self.do(step, stub, call)).remaining)

    async def slices(self, step: str, stub: Stub[StepCall, SliceResult], call: StepCall) -> int:
        """Call the step until nothing remains; returns how many rows it moved."""
        if self._rehearsing:
            return 0
        moved = 0
        wait = Standstill(self.attention, step)
        while True:
            answer = await self.do(step, stub, call)
            moved += answer.done
            self.progress.moved(step, answer.done, answer.remaining)
            if not answer.remaining:
                await wait.over()
                return moved
            await self.progress.record_step(step, StepStatus.RUNNING)
            self._heed_cancel()
            await wait.after(moved=answer.done)

    async def sweep(
        self, step: str, count: Stub[StepCall, SweepResult], refill: Stub[StepCall, SliceResult], call: StepCall
    ) -> None:
        """The last look before the pivot: while the count finds rows, the step's slices run again."""
        if self._rehearsing:
            return
        wait = Standstill(self.attention, step)
        while (await self.do(step, count, call)).found:
            await wait.after(moved=await self.slices(step, refill, call))
            await self.progress.record_step(step, StepStatus.DONE)
            self._heed_cancel()
        await wait.over()

    async def pivot(self, step: str, stub: Stub[StepCall, StepAnswer], call: StepCall) -> None:
        """Decide. From its first try on no cancel is heard: only its answer tells whether it committed."""
        if self._rehearsing:
            return
        self._heed_cancel()
        self._pivoting = True
        try:
            await unstoppable(insist(self.attention, step, stub, call, refusal_ends=True))
        except ActivityError:
            self._pivoting = False
            raise

    def _heed_cancel(self) -> None:
        """Stop here if a cancel came while something was carried to its end; at the pivot it came too late."""
        if _cancelled_meanwhile() and not self._pivoting:
            raise asyncio.CancelledError


def _cancelled_meanwhile() -> bool:
    """Whether this task was cancelled while it carried something to its end, which hears of no cancel."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
