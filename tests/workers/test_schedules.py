"""Schedules outlive a Temporal that comes back empty, and heartbeats are passed on in time."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from temporalio.client import Client

from services.kit.running.settings import ServiceSettings
from services.kit.running.temporal import connect
from tests.support.kit_workflows import KIT_QUEUE, DoneAtOnce
from tests.support.temporal import TemporalServer
from tests.support.waiting import eventually
from tests.workers.test_runtime import hosted, settings
from workers import schedules
from workers.runtime import Runtime, ServiceWorker, build_worker
from workers.schedules import Periodic
from workflows import policies

__all__ = ["settings"]

PERIODIC = Periodic("kit_periodic", "kit-periodic", KIT_QUEUE, timedelta(hours=1))


@asynccontextmanager
async def _compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    async with runtime.database("analytics") as db:
        yield ServiceWorker("kit", db, task_queue=KIT_QUEUE, workflows=[DoneAtOnce], schedules=[PERIODIC])


async def test_a_temporal_that_lost_its_data_gets_its_schedules_back_while_the_worker_runs(
    settings: ServiceSettings, own_temporal: TemporalServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(schedules, "LOOK_EVERY", timedelta(seconds=1))

    async def started() -> bool:
        """At once, not only after the interval."""
        client = await connect(settings)
        runs = [run async for run in client.list_workflows("WorkflowType = 'kit_periodic'")]
        return await PERIODIC.is_there(client) and runs != []

    async with hosted(settings, _compose):
        await eventually(started, what="the Schedule")
        own_temporal.kill()
        own_temporal.lose_data()
        own_temporal.start()
        await eventually(started, what="the Schedule after the loss")


async def test_four_beats_fit_the_shortest_patience_of_a_step(temporal: Client) -> None:
    hosted_ = ServiceWorker("kit", db=None, task_queue=KIT_QUEUE, workflows=[DoneAtOnce])  # type: ignore[arg-type]
    config = build_worker(temporal, hosted_).config()
    assert 4 * config["max_heartbeat_throttle_interval"] <= policies.HEARTBEAT_TIMEOUT
    assert 4 * config["default_heartbeat_throttle_interval"] <= policies.HEARTBEAT_TIMEOUT
