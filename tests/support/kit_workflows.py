"""Workflows without business meaning, with which relays and the worker's host are tested."""

from datetime import timedelta

from pydantic import BaseModel
from temporalio import activity, workflow

with workflow.unsafe.imports_passed_through():
    from services.kit.running.context import ActorContext

KIT_QUEUE = "ringi-kit"
WAITING = "kit_waiting"
DONE_AT_ONCE = "kit_done"
TRACED = "kit_traced"


class Word(BaseModel):
    word: str


@workflow.defn(name=WAITING)
class Waiting:
    """Ends with what it was signalled: the words in order of arrival, when one of them is "end"."""

    def __init__(self) -> None:
        self._words: list[str] = []

    @workflow.run
    async def run(self, argument: Word) -> list[str]:
        await workflow.wait_condition(lambda: "end" in self._words)
        return [argument.word, *self._words]

    @workflow.signal
    def say(self, argument: Word) -> None:
        self._words.append(argument.word)


@activity.defn
async def shout(argument: Word) -> Word:
    return Word(word=argument.word.upper())


@activity.defn
async def tell_trace(argument: Word) -> Word:
    """The trace that events of this step would carry."""
    return Word(word=ActorContext.system().traceparent or argument.word)


@workflow.defn(name=TRACED)
class Traced:
    @workflow.run
    async def run(self, argument: Word) -> list[Word]:
        timeout = timedelta(seconds=10)
        return [
            await workflow.execute_activity(tell_trace, argument, start_to_close_timeout=timeout),
            await workflow.execute_local_activity(tell_trace, argument, start_to_close_timeout=timeout),
        ]


@workflow.defn(name=DONE_AT_ONCE)
class DoneAtOnce:
    @workflow.run
    async def run(self, argument: Word) -> Word:
        return await workflow.execute_activity(shout, argument, start_to_close_timeout=timedelta(seconds=10))
