"""What waits to be delivered: `ringi verify` waits for it while it moves, and not for ever where it stands still."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack

import psycopg
import pytest
from psycopg.rows import dict_row
from temporalio.client import Client

from deploy.invariants import backlog
from deploy.invariants.system import SERVICES, System

INTENTS = 60


@pytest.fixture
async def system(fresh_database: Callable[[str], str], temporal: Client) -> AsyncIterator[tuple[System, str]]:
    """Five databases whose relays nobody runs, and the URL of the one in which intents wait."""
    async with AsyncExitStack() as stack:
        urls = {service: fresh_database(service) for service in SERVICES}
        connections = {}
        for service, url in urls.items():
            connection = await psycopg.AsyncConnection.connect(url, autocommit=True, row_factory=dict_row)
            connections[service] = await stack.enter_async_context(connection)
        url = urls["sales_activity"]
        async with await psycopg.AsyncConnection.connect(url, autocommit=True) as writer:
            await writer.execute(
                "INSERT INTO intents (lane, kind, workflow_id, instruction, created_at, next_attempt_at)"
                " SELECT 'timer', 'start', 'task-due:' || n, '{}', now() - interval '1 hour', now()"
                " FROM generate_series(1, %s) n",
                [INTENTS],
            )
        yield System(connections, temporal, "nowhere", AsyncExitStack()), url


async def test_a_backlog_that_moves_is_waited_for_however_slowly(
    system: tuple[System, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at, url = system
    monkeypatch.setattr(backlog, "LOOK_INTERVAL_SECONDS", 0.01)
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as relay:
        waiting = asyncio.create_task(backlog.drained(looked_at, at_most_seconds=120))
        for delivered in range(INTENTS):
            assert not waiting.done(), f"{INTENTS - delivered} still waited"
            await relay.execute(
                "UPDATE intents SET delivered_at = now()"
                " WHERE seq = (SELECT min(seq) FROM intents WHERE delivered_at IS NULL)"
            )
        await waiting


async def test_a_backlog_that_stands_still_is_not_waited_for_for_ever(
    system: tuple[System, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_at, _ = system
    monkeypatch.setattr(backlog, "STANDSTILL_SECONDS", 0.1)
    monkeypatch.setattr(backlog, "LOOK_INTERVAL_SECONDS", 0.01)
    async with asyncio.timeout(60):
        await backlog.drained(looked_at, at_most_seconds=3_600)
