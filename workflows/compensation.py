"""The undo stack of a process, and how work is carried to its end whatever is cancelled meanwhile."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from services.contracts.steps import Acknowledged, ProcessStep, SliceResult

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Undo:
    """How one effect of a step is taken back. It must do nothing where the effect never happened."""

    step: str
    stub: Callable[[Any], Awaitable[Acknowledged | SliceResult]]
    call: ProcessStep


class UndoStack:
    """What is to be taken back, newest first.

    An undo is registered *before* its effect is asked for: a call that timed out may have committed.
    """

    def __init__(self) -> None:
        self._entries: list[Undo] = []

    def register(self, undo: Undo) -> None:
        self._entries.append(undo)

    def unwind(self) -> Iterator[tuple[Undo, bool]]:
        """Each undo in reverse order, with whether it is the last one of its step."""
        while self._entries:
            undo = self._entries.pop()
            yield undo, all(other.step != undo.step for other in self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def shorten(self, length: int) -> None:
        """Forget all but the first ones."""
        del self._entries[length:]

    def clear(self) -> None:
        """The pivot has decided: nothing can be taken back any more."""
        self._entries.clear()


async def unstoppable(work: Coroutine[Any, Any, T]) -> T:
    """Carry `work` to its end in a task of its own; any number of cancels meanwhile changes nothing.

    A single `asyncio.shield` is not enough: the second cancel would end the wait for the shielded task, and with
    it the workflow, half-way. Whoever needs to know of the cancel asks `Task.cancelling()` afterwards.
    """
    task = asyncio.ensure_future(work)
    while not task.done():
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.shield(task)
    return task.result()
