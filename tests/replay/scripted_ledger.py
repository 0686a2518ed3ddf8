"""A ledger for processes that have more than one run."""

from collections.abc import Mapping
from typing import Any

from activities.ledger.contract import KnownProcess, KnownStep, StepRecord, Turned
from services.contracts.steps import Acknowledged
from services.kit.processes.statuses import ProcessStatus, StepStatus
from tests.replay.scripted_run import Script


class Ledger:
    """What the process wrote, as a new run of it finds it."""

    def __init__(self, steps: Mapping[str, KnownStep] | None = None) -> None:
        """`steps`: what runs before the first one here have left; None: there were none."""
        self.steps = {"request": KnownStep(status=StepStatus.DONE), **(steps or {})}
        self.asked: list[StepRecord] = []
        self.decided = False

    def scripts(self) -> dict[str, Script]:
        return {
            "ledger.record_step": self._note,
            "ledger.load_process": self._known,
            "ledger.turn_back": lambda _: Turned(decided=self.decided),
            "customer.confirm_deletion": self._decide,
        }

    def _note(self, record: StepRecord) -> Acknowledged:
        self.steps[record.step] = KnownStep(status=record.status, detail=record.detail)
        if record.status is StepStatus.NEEDS_ATTENTION:
            self.asked.append(record)
        return Acknowledged()

    def _known(self, _process: Any) -> KnownProcess:
        waits = any(step.status is StepStatus.NEEDS_ATTENTION for step in self.steps.values())
        status = ProcessStatus.NEEDS_ATTENTION if waits else ProcessStatus.RUNNING
        return KnownProcess(status=status, decided=self.decided, steps=dict(self.steps))

    def _decide(self, _call: Any) -> Acknowledged:
        self.decided = True
        return Acknowledged()
