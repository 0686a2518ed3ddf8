"""Relay and worker for tests of task timers on a real Temporal."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

from temporalio.client import Client

from activities.sales_activity.handlers import SalesActivityActivities
from services.contracts.processes import TaskQueue, task_due_id
from services.kit.processes.intent_relay import IntentRelay
from services.sales_activity.references import Directory
from tests.services.sales_activity.world import World
from workers.runtime import ServiceWorker, build_worker
from workflows.task_due_soon import ReconcileTaskTimers, TaskDueSoon


@asynccontextmanager
async def running_timers(world: World, temporal: Client) -> AsyncIterator[SalesActivityActivities]:
    """The relay delivers intents and the worker serves timers until the block ends."""
    handlers = SalesActivityActivities(world.db, Directory(world.db, world.client.kit.internal), temporal)
    stop = asyncio.Event()
    relay = asyncio.create_task(IntentRelay(world.db, temporal).run(stop))
    try:
        hosted = ServiceWorker(
            service="sales_activity",
            db=world.db,
            task_queue=TaskQueue.SALES_ACTIVITY,
            workflows=[TaskDueSoon, ReconcileTaskTimers],
            activities=handlers.all(),
        )
        async with build_worker(temporal, hosted):
            yield handlers
    finally:
        stop.set()
        await relay


async def undelivered(world: World) -> int:
    rows = await world.rows("SELECT count(*) FROM intents WHERE delivered_at IS NULL")
    return int(rows[0]["count"])


async def notices(world: World, kind: str) -> dict[str, int]:
    """How often each task was announced."""
    rows = await world.rows(
        "SELECT aggregate_id, count(*) FROM outbox WHERE event_type = %s GROUP BY aggregate_id", [kind]
    )
    return {str(row["aggregate_id"]): row["count"] for row in rows}


async def timer_status(temporal: Client, task_id: str) -> str:
    description = await temporal.get_workflow_handle(task_due_id(UUID(task_id))).describe()
    assert description.status is not None
    return description.status.name
