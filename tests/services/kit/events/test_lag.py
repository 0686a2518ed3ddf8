"""A consumer's lag is told while it works, stands still or is not there: an alarm needs it just then."""

import asyncio
import math

from prometheus_client import REGISTRY

from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.broker import meet
from services.kit.events.consumer import Consumer
from services.kit.events.envelope import Envelope
from services.kit.events.event_relay import EventRelay
from services.kit.events.lag import LagGauge
from tests.support.broker import Broker
from tests.support.events import create_things, effects, outbox_count, record_effects, running
from tests.support.kit_tables import THINGS_TOPIC
from tests.support.waiting import eventually


def lag() -> float | None:
    return REGISTRY.get_sample_value("ringi_consumer_lag", {"consumer": "test"})


async def _published(db: Database) -> bool:
    return await outbox_count(db, "cluster_id IS NULL") == 0


async def _applied(db: Database, count: int) -> bool:
    return len(await effects(db)) == count


async def test_lag_grows_while_a_batch_is_being_applied_and_falls_to_zero(
    database: Database, own_broker: Broker
) -> None:
    holding, release = asyncio.Event(), asyncio.Event()

    async def slow(uow: UnitOfWork, envelopes: list[Envelope]) -> None:
        holding.set()
        await release.wait()
        await record_effects(uow, envelopes)

    consumer = Consumer(database, bootstrap=own_broker.bootstrap, name="test", topics=[THINGS_TOPIC], apply=slow)
    gauge = LagGauge([consumer], own_broker.bootstrap)
    await create_things(database, 10)
    async with running(EventRelay(database, own_broker.bootstrap).run):
        await eventually(lambda: _published(database))
        await gauge.read()
        assert lag() == 10
        async with running(consumer.run):
            await holding.wait()
            await create_things(database, 15)
            await eventually(lambda: _published(database))
            await gauge.read()
            assert lag() == 25
            release.set()
            await eventually(lambda: _applied(database, 25))
            await gauge.read()
            assert lag() == 0


async def test_lag_behind_a_broker_that_is_away_is_unknown_not_what_it_was(
    database: Database, own_broker: Broker
) -> None:
    await (await meet(own_broker.bootstrap)).ensure_topics([THINGS_TOPIC])
    consumer = Consumer(
        database, bootstrap=own_broker.bootstrap, name="test", topics=[THINGS_TOPIC], apply=record_effects
    )
    gauge = LagGauge([consumer], own_broker.bootstrap)
    await gauge.read()
    assert lag() == 0
    own_broker.kill()
    async with running(gauge.run):
        await eventually(lambda: math.isnan(lag() or 0))
