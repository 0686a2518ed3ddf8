"""Composition root of the analytics worker: relays and the consumer of all domain events; it has no processes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.analytics.consumer import consumer
from workers.runtime import Runtime, ServiceWorker, main

SERVICE = "analytics"


@asynccontextmanager
async def compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    async with runtime.database(SERVICE) as db:
        yield ServiceWorker(SERVICE, db, consumers=[consumer(db, runtime.bootstrap)])


if __name__ == "__main__":
    main(compose, name="worker-analytics")
