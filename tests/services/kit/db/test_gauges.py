"""What operators are alerted by: waiting intents, open processes, dead letters."""

import asyncio
import math
from contextlib import AsyncExitStack
from datetime import timedelta
from uuid import uuid4

from prometheus_client import REGISTRY

from services.kit.db.database import Database
from services.kit.db.gauges import DatabaseGauges
from services.kit.processes.intents import terminate_workflows
from services.kit.processes.ledger import finish_process, open_process
from services.kit.processes.statuses import ProcessStatus
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.ids import new_id
from tests.support.events import create_things
from tests.support.kit_tables import create_kit_tables
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually


def _value(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"database": "kit", **labels})


async def test_gauges_follow_the_database_up_and_down(database: Database, system: ActorContext) -> None:
    gauges, process_id = DatabaseGauges(database), new_id()
    async with database.transaction(system) as uow:
        await terminate_workflows(uow, ["a", "b"], reason="a test")
        await open_process(
            uow,
            process_id=process_id,
            workflow_id="thing-removal:1",
            type="thing_removal",
            resource_id=uuid4(),
            actor_id=None,
            steps=["hold"],
        )
    await gauges.read()
    assert _value("ringi_intents_waiting", lane="timer") == 2
    assert _value("ringi_intents_waiting", lane="process") == 0
    assert _value("ringi_processes_open", type="thing_removal", status="REQUESTED") == 1
    async with database.transaction(system) as uow:
        await finish_process(uow, process_id=process_id, status=ProcessStatus.COMPLETED)
    await gauges.read()
    assert _value("ringi_processes_open", type="thing_removal", status="REQUESTED") == 0
    assert _value("ringi_pool_connections", pool="read", state="used") is not None


async def test_a_backlog_shows_while_no_relay_and_no_connection_is_free(
    database: Database, system: ActorContext
) -> None:
    """Relay, requests and consumers may have taken every connection of the pools: that is when figures are needed."""
    gauges = DatabaseGauges(database)
    with clock.travel(timedelta(hours=-1)):
        await create_things(database, 7)
    async with AsyncExitStack() as stack:
        for _ in range(database.statistics()["read"]["pool_max"]):
            await stack.enter_async_context(database.reader())
        await gauges.read()
        assert _value("ringi_outbox_unpublished") == 7
        assert (_value("ringi_outbox_oldest_seconds") or 0) >= 3600
    async with database.transaction(system) as uow:
        await uow.execute("UPDATE outbox SET cluster_id = 'here'")
    await gauges.read()
    assert (_value("ringi_outbox_unpublished"), _value("ringi_outbox_oldest_seconds")) == (0, 0)


async def test_what_an_emptied_cluster_has_not_got_again_waits(database: Database, system: ActorContext) -> None:
    await create_things(database, 5)
    async with database.transaction(system) as uow:
        await uow.execute("UPDATE outbox SET cluster_id = CASE WHEN seq % 2 = 0 THEN 'before' ELSE 'now' END")
        await uow.execute("INSERT INTO outbox_state (cluster_id, replayed) VALUES ('now', false)")
    await DatabaseGauges(database).read()
    assert _value("ringi_outbox_unpublished") == 2
    async with database.transaction(system) as uow:
        await uow.execute("UPDATE outbox_state SET replayed = true")
    await DatabaseGauges(database).read()
    assert _value("ringi_outbox_unpublished") == 0


async def test_figures_that_can_not_be_read_are_not_those_of_before(durable_postgres: PostgresServer) -> None:
    url = durable_postgres.database_from("kit", create_kit_tables)
    async with Database(url, name="kit") as database:
        await create_things(database, 3)
        gauges, stop = DatabaseGauges(database), asyncio.Event()
        await gauges.read()
        durable_postgres.kill()
        running = asyncio.create_task(gauges.run(stop))
        await eventually(lambda: math.isnan(_value("ringi_outbox_unpublished") or 0))
        await eventually(lambda: REGISTRY.get_sample_value("ringi_figures_missing", {"of": "kit"}) == 1)
        stop.set()
        await running
