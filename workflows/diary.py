"""The diary of a process: its steps in the home service's ledger and in Temporal's UI."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from temporalio import workflow

from activities.ledger.contract import ProcessRecord, StepRecord, record_status, record_step
from services.kit.processes.search_attributes import PROCESS_STATUS
from services.kit.processes.statuses import ProcessStatus, StepStatus
from workflows.compensation import unstoppable
from workflows.policies import DIARY_LOCAL_RETRY_THRESHOLD, DIARY_RETRY, DIARY_TIMEOUT

_MARKS = {
    StepStatus.PLANNED: "·",
    StepStatus.RUNNING: "▶",
    StepStatus.DONE: "✓",
    StepStatus.UNDONE: "↩",
    StepStatus.NEEDS_ATTENTION: "⚠",
}


@dataclass(slots=True)
class _Line:
    status: StepStatus = StepStatus.PLANNED
    done: int | None = None
    total: int | None = None
    detail: str | None = None


class Diary:
    """Written by local activities, each to its end: a cancelled entry could overtake the next one."""

    def __init__(self, process_id: UUID, steps: type[StrEnum]) -> None:
        """`steps` in order; the first was done by the request that started the process."""
        self._process_id = process_id
        self._lines = {str(step): _Line() for step in steps}
        self._lines[str(next(iter(steps)))].status = StepStatus.DONE
        self.status = ProcessStatus.REQUESTED
        self._detail: str | None = None

    def show_status(self, status: ProcessStatus, detail: str | None = None) -> None:
        """The whole process in Temporal; the ledger learns of it by the steps. `detail` is a code, no personal data."""
        self.status, self._detail = status, detail
        workflow.upsert_search_attributes([PROCESS_STATUS.value_set(status)])
        self._show()

    async def close(self, status: ProcessStatus, detail: str | None = None) -> None:
        """The end of the process, in the ledger too."""
        self.show_status(status, detail)
        record = ProcessRecord(process_id=self._process_id, status=status, detail=detail)
        await unstoppable(
            workflow.execute_local_activity(
                record_status,
                record,
                start_to_close_timeout=DIARY_TIMEOUT,
                retry_policy=DIARY_RETRY,
                local_retry_threshold=DIARY_LOCAL_RETRY_THRESHOLD,
                summary=status,
            )
        )

    async def record_step(self, step: str, status: StepStatus, detail: str | None = None) -> None:
        """One step with the counts noted for it so far."""
        line = self._lines[step]
        line.status, line.detail = status, detail
        self._show()
        record = StepRecord(
            process_id=self._process_id, step=step, status=status, done=line.done, total=line.total, detail=detail
        )
        await unstoppable(
            workflow.execute_local_activity(
                record_step,
                record,
                start_to_close_timeout=DIARY_TIMEOUT,
                retry_policy=DIARY_RETRY,
                local_retry_threshold=DIARY_LOCAL_RETRY_THRESHOLD,
                summary=f"{step}: {status}",
            )
        )

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
