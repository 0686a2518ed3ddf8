"""The queue before a slow dependency: bounded, in turns, and never short of a place."""

import asyncio
from datetime import timedelta

import pytest

from services.kit.errors import TooManyRequests
from services.kit.running.fair_queue import FairQueue
from tests.support.waiting import eventually

LONG = timedelta(minutes=1)


class Work:
    """Pieces of work that stand still until the test lets the oldest of them go on."""

    def __init__(self, queue: FairQueue) -> None:
        self.queue = queue
        self.began: list[str] = []
        self._gates: dict[str, asyncio.Event] = {}

    def start(self, caller: str, name: str) -> "asyncio.Task[None]":
        self._gates[name] = asyncio.Event()

        async def piece() -> None:
            async with self.queue.place(caller):
                self.began.append(name)
                await self._gates[name].wait()

        return asyncio.create_task(piece())

    def finish(self, name: str) -> None:
        self._gates[name].set()


async def test_who_has_many_pieces_waiting_does_not_hold_up_who_has_one() -> None:
    work = Work(FairQueue(places=1, waiting=100, patience=LONG))
    tasks = [work.start("bulk", f"bulk-{n}") for n in range(5)]
    await eventually(lambda: work.queue.waiting == 4, what="four pieces in the queue")
    tasks.append(work.start("single", "single"))
    await eventually(lambda: work.queue.waiting == 5, what="five pieces in the queue")
    for name in ("bulk-0", "bulk-1", "single", "bulk-2", "bulk-3", "bulk-4"):
        await eventually(lambda name=name: work.began[-1:] == [name], what=f"{name} to begin")
        work.finish(name)
    await asyncio.gather(*tasks)
    assert work.began == ["bulk-0", "bulk-1", "single", "bulk-2", "bulk-3", "bulk-4"]


async def test_beyond_its_bound_it_refuses_with_a_time_to_come_back() -> None:
    work = Work(FairQueue(places=1, waiting=1, patience=LONG))
    tasks = [work.start("a", "a"), work.start("b", "b")]
    await eventually(lambda: work.queue.waiting == 1, what="a piece in the queue")
    with pytest.raises(TooManyRequests) as refused:
        async with work.queue.place("c"):
            pass
    assert int(refused.value.headers["Retry-After"]) >= 1
    for name in ("a", "b"):
        work.finish(name)
    await asyncio.gather(*tasks)


async def test_who_waited_too_long_is_told_so_and_leaves_no_place_taken() -> None:
    work = Work(FairQueue(places=1, waiting=10, patience=timedelta(milliseconds=1)))
    first = work.start("a", "a")
    await eventually(lambda: work.began == ["a"], what="the first piece to begin")
    with pytest.raises(TooManyRequests):
        async with work.queue.place("b"):
            pass
    assert work.queue.waiting == 0
    work.finish("a")
    await first
    async with work.queue.place("b"):
        pass


async def test_a_caller_who_leaves_at_the_moment_of_its_turn_passes_the_place_on() -> None:
    work = Work(FairQueue(places=1, waiting=10, patience=LONG))
    gate = asyncio.Event()
    others: list[asyncio.Task[None]] = []

    async def gives_its_place_to_one_who_is_cancelled_at_once() -> None:
        async with work.queue.place("a"):
            await gate.wait()
        others[0].cancel()

    first = asyncio.create_task(gives_its_place_to_one_who_is_cancelled_at_once())
    others += [work.start("b", "b"), work.start("c", "c")]
    await eventually(lambda: work.queue.waiting == 2, what="two pieces in the queue")
    gate.set()
    await first
    with pytest.raises(asyncio.CancelledError):
        await others[0]
    await eventually(lambda: work.began == ["c"], what="the third piece to begin")
    work.finish("c")
    await others[1]
    async with work.queue.place("d"):
        assert work.queue.waiting == 0


async def test_one_caller_can_not_fill_the_queue_for_everybody() -> None:
    work = Work(FairQueue(places=1, waiting=10, patience=LONG, waiting_of_one=2))
    flood = [work.start("a", f"a{n}") for n in range(3)]
    await eventually(lambda: work.queue.waiting == 2, what="two pieces in the queue")
    with pytest.raises(TooManyRequests):
        async with work.queue.place("a"):
            pass
    other = work.start("b", "b")
    await eventually(lambda: work.queue.waiting == 3, what="another caller's piece in the queue")
    for name in ("a0", "a1", "b", "a2"):
        work.finish(name)
    await asyncio.gather(*flood, other)
