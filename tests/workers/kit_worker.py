"""A composition root without business meaning: ``python -m tests.workers.kit_worker``; its database is analytics'."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.kit.events.consumer import Consumer
from tests.support.events import record_effects
from tests.support.kit_tables import THINGS_TOPIC
from tests.support.kit_workflows import KIT_QUEUE, DoneAtOnce, Traced, Waiting, shout, tell_trace
from workers.runtime import Runtime, ServiceWorker, main


@asynccontextmanager
async def compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    async with runtime.database("analytics") as db:
        consumer = Consumer(db, bootstrap=runtime.bootstrap, name="test", topics=[THINGS_TOPIC], apply=record_effects)
        yield ServiceWorker(
            "kit",
            db=db,
            task_queue=KIT_QUEUE,
            workflows=[Waiting, DoneAtOnce, Traced],
            activities=[shout, tell_trace],
            consumers=[consumer],
        )


@asynccontextmanager
async def compose_events_only(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    async with runtime.database("auth") as db:
        yield ServiceWorker("events-only", db=db)


if __name__ == "__main__":
    main(compose, compose_events_only)
