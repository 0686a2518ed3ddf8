"""How a process asks a person for help, and how it waits meanwhile."""

from collections.abc import Callable
from datetime import timedelta
from typing import NoReturn

from temporalio import workflow

from services.kit.processes.statuses import ProcessStatus, StepStatus
from workflows import policies
from workflows.progress import Progress

STANDSTILL = "standstill"


class Attention:
    """Shows that the process needs somebody, and that it goes on. `reason`: what the process turned back for, if it
    did."""

    def __init__(self, progress: Progress, begin_anew: Callable[[], NoReturn] | None) -> None:
        """`begin_anew` ends this run for one with an empty history; None: a run from before there was such a way."""
        self._progress = progress
        self._begin_anew = begin_anew
        self.woken = False
        self.reason: str | None = None

    @property
    def bounded(self) -> bool:
        """However long the process waits, its history stays short."""
        return self._begin_anew is not None

    def asked(self, step: str, why: str | None = None) -> bool:
        """Somebody was told of this step (for this reason), by this run or by one before it."""
        return self._progress.asks_for_attention(step, why)

    async def ask(self, step: str, why: str) -> None:
        """Once for each step and reason."""
        if self.bounded and self._progress.asks_for_attention(step, why):
            return
        self._progress.show_status(ProcessStatus.NEEDS_ATTENTION, why)
        await self._progress.record_step(step, StepStatus.NEEDS_ATTENTION, why)

    async def over(self, step: str) -> None:
        """What was in the way is gone; nothing happens if nothing was."""
        if self.bounded and not self.asked(step):
            return
        if self._progress.status is ProcessStatus.NEEDS_ATTENTION:
            self._progress.show_status(ProcessStatus.RUNNING, self.reason)
            await self._progress.record_step(step, StepStatus.RUNNING)

    def wake(self) -> None:
        """Somebody asks for the next try at once."""
        self.woken = True

    async def pause(self, duration: timedelta) -> bool:
        """Wait, or until woken; returns whether somebody asked. A run that has grown long begins anew instead."""
        if self._begin_anew is not None and workflow.info().get_current_history_length() >= policies.HISTORY_LIMIT:
            self._begin_anew()
        self.woken = False
        try:
            await workflow.wait_condition(lambda: self.woken, timeout=duration, timeout_summary="until the next try")
        except TimeoutError:
            return False
        return True


class Standstill:
    """Waits, longer each time, while a step can't move on; when patience ends it asks for attention."""

    def __init__(self, attention: Attention, step: str) -> None:
        self._attention, self._step = attention, step
        self._since = workflow.now()
        self._pause = self._shortest()

    async def after(self, *, moved: int) -> None:
        """Between two calls of which the first moved so many rows."""
        if moved:
            await self.over()
            return
        if workflow.now() - self._since >= policies.PATIENCE:
            told = self._told()
            await self._attention.ask(self._step, STANDSTILL)
            if not told and self._told():
                self._pause = self._shortest()
        asked = await self._attention.pause(self._pause)
        self._pause = self._shortest() if asked else min(self._pause * 2, self._longest())

    async def over(self) -> None:
        self._since = workflow.now()
        await self._attention.over(self._step)
        self._pause = self._shortest()

    def _told(self) -> bool:
        return self._attention.bounded and self._attention.asked(self._step)

    def _shortest(self) -> timedelta:
        return policies.ATTENTION_PAUSE if self._told() else policies.STANDSTILL_PAUSE

    def _longest(self) -> timedelta:
        return policies.ATTENTION_PAUSE_LIMIT if self._told() else policies.STANDSTILL_PAUSE_LIMIT
