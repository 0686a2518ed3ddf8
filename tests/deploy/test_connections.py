"""PostgreSQL of the embedded run has room for everybody at once: a burst on all services must not be refused."""

import asyncio
from contextlib import AsyncExitStack

from deploy.databases.names import SERVICES
from deploy.embedded.state.environment import ringi_environment
from deploy.embedded.state.secrets import Secrets
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from tests.deploy.conftest import Run

PROCESSES = ("web", "worker")
POOLED = 8
"""The pools' largest size: as many readers, and as many transactions, in each process and service."""
DEDICATED = 4
"""Of a worker, for each service: relays' locks and notifications, consumers."""


async def test_all_pools_of_all_services_may_be_full_at_the_same_time(run: Run) -> None:
    await asyncio.to_thread(run.up)
    variables = ringi_environment(run.home, run.ports, Secrets.load(run.home), run.environment)
    async with AsyncExitStack() as stack:
        for service in SERVICES:
            for _ in PROCESSES:
                db = Database(variables[f"RINGI_{service.upper()}_DATABASE_URL"], name=service)
                await stack.enter_async_context(db)
                for _ in range(POOLED):
                    reader = await stack.enter_async_context(db.reader())
                    assert await reader.one("SELECT 1 AS alive") == {"alive": 1}
                    await stack.enter_async_context(db.transaction(ActorContext.system()))
            for _ in range(DEDICATED):
                await stack.enter_async_context(db.dedicated("test"))
