"""How far a process is: its steps in the home service's ledger and in Temporal's UI."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from temporalio import workflow

from activities.ledger.contract import (
    KnownProcess,
    ProcessRecord,
    ProcessReference,
    StepRecord,
    Turning,
    load_process,
    record_status,
    record_step,
    turn_back,
)
from services.kit.processes.search_attributes import PROCESS_STATUS
from services.kit.processes.statuses import ProcessStatus, StepStatus
from workflows.compensation import unstoppable
from workflows.local_steps import BOUNDED_HISTORY, AnswerT, ArgumentT, carry_out
from workflows.policies import LEDGER_RETRY, LEDGER_TIMEOUT

_MARKS = {
    StepStatus.PLANNED: "·",
    StepStatus.RUNNING: "▶",
    StepStatus.DONE: "✓",
    StepStatus.UNDONE: "↩",
    StepStatus.NEEDS_ATTENTION: "⚠",
}

_ENDED = (StepStatus.DONE, StepStatus.UNDONE)


@dataclass(slots=True)
class _Line:
    status: StepStatus = StepStatus.PLANNED
    done: int | None = None
    total: int | None = None
    detail: str | None = None


class Progress:
    """Each entry is written to its end: a cancelled one could overtake the next one."""

    def __init__(self, process_id: UUID, steps: type[StrEnum]) -> None:
        """`steps` in order; the first was done by the request that started the process."""
        self._process_id = process_id
        self._lines = {str(step): _Line() for step in steps}
        self._lines[str(next(iter(steps)))].status = StepStatus.DONE
        self.status = ProcessStatus.REQUESTED
        self._detail: str | None = None
        self._resumed = False

    async def load(self) -> KnownProcess:
        """What earlier runs left in the ledger, which is where this one goes on."""
        known = await unstoppable(self._carry_out(load_process, ProcessReference(process_id=self._process_id)))
        begun = [s.status for s in known.steps.values() if s.status is not StepStatus.PLANNED][1:]
        self._resumed = bool(begun or known.turned_back_for or known.decided)
        if self._resumed:
            for name, step in known.steps.items():
                self._lines[name] = _Line(step.status, detail=step.detail)
            waits = bool(self.steps_in(StepStatus.NEEDS_ATTENTION))
            self.show_status(ProcessStatus.NEEDS_ATTENTION if waits else ProcessStatus.RUNNING, known.detail)
        return known

    @property
    def resumed(self) -> bool:
        """An earlier run has worked already."""
        return self._resumed

    async def turn_back(self, reason: str) -> bool:
        """Let the ledger know before anything is undone; False if it knows better: the pivot has committed."""
        turning = Turning(process_id=self._process_id, reason=reason)
        return not (await unstoppable(self._carry_out(turn_back, turning))).decided

    def show_status(self, status: ProcessStatus, detail: str | None = None) -> None:
        """The whole process in Temporal; the ledger learns of it by the steps. `detail` is a code, no personal data."""
        self.status, self._detail = status, detail
        workflow.upsert_search_attributes([PROCESS_STATUS.value_set(status)])
        self._show()

    async def close(self, status: ProcessStatus, detail: str | None = None) -> None:
        """The end of the process, in the ledger too."""
        self.show_status(status, detail)
        record = ProcessRecord(process_id=self._process_id, status=status, detail=detail)
        await unstoppable(self._carry_out(record_status, record, summary=status))

    async def record_step(self, step: str, status: StepStatus, detail: str | None = None) -> None:
        """One step with the counts noted for it so far."""
        line = self._lines[step]
        if self._knows(line, status):
            return
        line.status, line.detail = status, detail
        self._show()
        record = StepRecord(
            process_id=self._process_id, step=step, status=status, done=line.done, total=line.total, detail=detail
        )
        await unstoppable(self._carry_out(record_step, record, summary=f"{step}: {status}"))

    def _knows(self, line: _Line, status: StepStatus) -> bool:
        """What a resumed process goes through again is no news, and what needs attention does so until it is over."""
        if not workflow.patched(BOUNDED_HISTORY):
            return False
        if status is StepStatus.RUNNING and line.status is StepStatus.NEEDS_ATTENTION:
            return self.status is ProcessStatus.NEEDS_ATTENTION
        return self._resumed and line.status in _ENDED and status in (StepStatus.RUNNING, line.status)

    def asks_for_attention(self, step: str, why: str | None = None) -> bool:
        """Whether this step has asked already (for this reason)."""
        line = self._lines[step]
        return line.status is StepStatus.NEEDS_ATTENTION and why in (None, line.detail)

    @staticmethod
    async def _carry_out(
        stub: Callable[[ArgumentT], Awaitable[AnswerT]], argument: ArgumentT, summary: str | None = None
    ) -> AnswerT:
        return await carry_out(stub, argument, timeout=LEDGER_TIMEOUT, unbounded_retry=LEDGER_RETRY, summary=summary)

    def expect(self, step: str, rows: int) -> None:
        """How many rows the step will move, as far as its fence could count."""
        self._lines[step].total = rows

    def moved(self, step: str, rows: int, remaining: int) -> None:
        """Rows that a slice moved (negative: took back), with what is left for the next ones."""
        line = self._lines[step]
        line.done = max(0, (line.done or 0) + rows)
        if rows >= 0:
            line.total = max(line.total or 0, line.done + remaining)

    def steps_in(self, *statuses: StepStatus) -> list[str]:
        return [step for step, line in self._lines.items() if line.status in statuses]

    def _show(self) -> None:
        rows = "\n".join(
            f"| {_MARKS[line.status]} | {step} | {line.status} | {_count(line)} | {line.detail or ''} |"
            for step, line in self._lines.items()
        )
        head = f"**{self.status}**" + (f" — {self._detail}" if self._detail else "")
        workflow.set_current_details(f"{head}\n\n| | step | state | rows | |\n|---|---|---|---|---|\n{rows}")


def _count(line: _Line) -> str:
    if line.done is None and line.total is None:
        return ""
    return f"{line.done or 0} / {line.total if line.total is not None else '?'}"
