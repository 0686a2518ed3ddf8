"""How a process asks a person for help, and how it waits meanwhile."""

from datetime import timedelta

from temporalio import workflow

from services.kit.processes.statuses import ProcessStatus, StepStatus
from workflows import policies
from workflows.diary import Diary

STANDSTILL = "standstill"


class Attention:
    """Shows that the process needs somebody, and that it goes on. `reason`: what the process turned back for, if it
    did."""

    def __init__(self, diary: Diary) -> None:
        self._diary = diary
        self._woken = False
        self.reason: str | None = None

    async def ask(self, step: str, why: str) -> None:
        self._diary.show_status(ProcessStatus.NEEDS_ATTENTION, why)
        await self._diary.record_step(step, StepStatus.NEEDS_ATTENTION, why)

    async def over(self, step: str) -> None:
        """What was in the way is gone; nothing happens if nothing was."""
        if self._diary.status is ProcessStatus.NEEDS_ATTENTION:
            self._diary.show_status(ProcessStatus.RUNNING, self.reason)
            await self._diary.record_step(step, StepStatus.RUNNING)

    def wake(self) -> None:
        """Somebody asks for the next try at once."""
        self._woken = True

    async def pause(self, duration: timedelta) -> bool:
        """Wait, or until woken; returns whether somebody asked."""
        self._woken = False
        try:
            await workflow.wait_condition(lambda: self._woken, timeout=duration, timeout_summary="until the next try")
        except TimeoutError:
            return False
        return True


class Standstill:
    """Waits, longer each time, while a step can't move on; when patience ends it asks for attention."""

    def __init__(self, attention: Attention, step: str) -> None:
        self._attention, self._step = attention, step
        self._since = workflow.now()
        self._pause = policies.STANDSTILL_PAUSE

    async def after(self, *, moved: int) -> None:
        """Between two calls of which the first moved so many rows."""
        if moved:
            await self.over()
            return
        if workflow.now() - self._since >= policies.PATIENCE:
            await self._attention.ask(self._step, STANDSTILL)
        asked = await self._attention.pause(self._pause)
        self._pause = policies.STANDSTILL_PAUSE if asked else min(self._pause * 2, policies.STANDSTILL_PAUSE_LIMIT)

    async def over(self) -> None:
        self._since, self._pause = workflow.now(), policies.STANDSTILL_PAUSE
        await self._attention.over(self._step)
