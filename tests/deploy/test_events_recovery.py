"""What the broker lost or no longer keeps comes back from the outboxes, and consumers that stopped go on."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from aiokafka import TopicPartition

from deploy.events import gaps, republish
from deploy.events.republish import NobodyPublishesError, Selection
from services.analytics import consumer as analytics
from services.contracts.events.user import UserLogin
from services.contracts.topics import USER_EVENTS
from services.kit.db.database import Database
from services.kit.events.consumer import Consumer
from services.kit.events.event_relay import EventRelay
from services.kit.events.outbox import record_fact
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.deploy.test_events_command import Run, system
from tests.support.broker import Broker
from tests.support.events import (
    create_things,
    effects,
    outbox_count,
    published,
    published_by_partition,
    record_effects,
    running,
)
from tests.support.kit_tables import THINGS_TOPIC
from tests.support.waiting import eventually

__all__ = ["system"]


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.kit.events.consumer.STOPPED_SECONDS", 0.2)
    monkeypatch.setattr(gaps, "LOOK_SECONDS", 0.1)


async def _log_in(db: Database, user: UUID, times: int) -> None:
    async with db.transaction(ActorContext.system()) as uow:
        for _ in range(times):
            await record_fact(uow, aggregate_id=user, event=UserLogin(user_id=user, session_id=uuid4()))


async def _sent(db: Database) -> bool:
    return await outbox_count(db, "cluster_id IS NULL") == 0


async def _received(db: Database) -> int:
    async with db.reader() as reader:
        count: int = await reader.scalar("SELECT count(*) FROM inbox WHERE consumer = %s", [analytics.CONSUMER])
    return count


async def test_events_older_than_the_broker_keeps_stop_a_consumer_until_they_are_published_again(system: Run) -> None:
    auth, reports, bootstrap = system.databases["auth"], system.databases["analytics"], system.broker.bootstrap
    relay = EventRelay(auth, bootstrap)
    await _log_in(auth, uuid4(), 20)
    async with running(relay.run):
        await eventually(lambda: _sent(auth))
    (partition,) = [p for p, events in (await published_by_partition(bootstrap, USER_EVENTS)).items() if events]
    consumer = analytics.consumer(reports, bootstrap)
    async with system.broker.without(partition, before=15), running(consumer.run, relay.run):
        await eventually(lambda: consumer.stopped_by is not None)
        assert await _received(reports) == 0
        lag = await system.events("lag")
        assert lag.exit_code == 1
        assert "its retention ran out" in lag.output
        again = await system.events("republish", "--service", "auth", "--topic", USER_EVENTS)
        assert (again.exit_code, again.output) == (0, "auth: 20 events published again.\n")
        assert await _received(reports) == 0
        resumed = await system.events("resume")
        assert resumed.exit_code == 0, resumed.output
        assert "it goes on at 15" in resumed.output

        async def all_received() -> bool:
            return await _received(reports) == 20

        await eventually(all_received)
        await eventually(lambda: consumer.stopped_by is None)
        nothing = await system.events("resume")
        assert nothing.output == "No consumer stands before a gap.\n"


async def test_only_what_is_chosen_is_published_again(system: Run) -> None:
    auth, bootstrap = system.databases["auth"], system.broker.bootstrap
    user, then = uuid4(), clock.now() - timedelta(days=3)
    with clock.travel(at=then):
        await _log_in(auth, user, 3)
    await _log_in(auth, user, 4)
    async with running(EventRelay(auth, bootstrap).run):
        await eventually(lambda: _sent(auth))
        for arguments, number in (
            (("--until", (then + timedelta(days=1)).isoformat()), 3),
            (("--since", (then + timedelta(days=1)).isoformat()), 4),
            (("--topic", "customer.events"), 0),
            (("--since", (clock.now() + timedelta(days=1)).isoformat()), 0),
        ):
            answer = await system.events("republish", "--service", "auth", *arguments)
            assert answer.output == f"auth: {number} events published again.\n", arguments
    assert len(await published(bootstrap, USER_EVENTS)) == 7 + 3 + 4


@pytest.mark.parametrize("time", ["2026-11-01", "2026-11-01T09:00", "yesterday", ""])
async def test_a_time_without_its_offset_is_refused(system: Run, time: str) -> None:
    answer = await system.events("republish", "--since", time)
    assert answer.exit_code == 1
    assert "+09:00" in answer.output


def _consumer(db: Database, broker: Broker) -> Consumer:
    return Consumer(db, bootstrap=broker.bootstrap, name="test", topics=[THINGS_TOPIC], apply=record_effects)


async def _applied(db: Database, count: int) -> bool:
    return len(await effects(db)) >= count


async def test_beside_new_events_everything_published_again_counts_once(
    database: Database, own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(republish, "SLICE", 20)
    await create_things(database, 100)
    async with running(EventRelay(database, own_broker.bootstrap).run, _consumer(database, own_broker).run):
        await eventually(lambda: _applied(database, 100))

        async def again() -> list[tuple[int, int]]:
            return [progress async for progress in republish.republish(database, Selection())]

        told, *_ = await asyncio.gather(again(), *(create_things(database, 5) for _ in range(10)))
        assert told[0] == (20, told[-1][0])
        assert 100 <= told[-1][0] <= 150
        await eventually(lambda: _applied(database, 150))
        await eventually(lambda: _sent(database))
    done = [event_id for event_id, _ in await effects(database)]
    assert len(done) == len(set(done)) == 150
    assert len(await published(own_broker.bootstrap)) >= 250


async def test_without_a_relay_it_says_so_and_what_was_marked_goes_out_later(
    database: Database, own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(republish, "SILENCE_SECONDS", 0.3)
    monkeypatch.setattr(republish, "SLICE", 20)
    await create_things(database, 50)
    async with running(EventRelay(database, own_broker.bootstrap).run):
        await eventually(lambda: _sent(database))
    with pytest.raises(NobodyPublishesError, match="20 events wait"):
        _ = [progress async for progress in republish.republish(database, Selection())]
    assert await outbox_count(database, "cluster_id IS NULL") == 20
    async with running(EventRelay(database, own_broker.bootstrap).run):
        await eventually(lambda: _sent(database))
    assert len(await published(own_broker.bootstrap)) == 70


async def test_a_gap_that_has_moved_meanwhile_is_not_stepped_over(database: Database, own_broker: Broker) -> None:
    await create_things(database, 10)
    async with running(EventRelay(database, own_broker.bootstrap).run, _consumer(database, own_broker).run):
        await eventually(lambda: _applied(database, 10))
    partition = TopicPartition(THINGS_TOPIC, 0)
    gap = gaps.ConsumerGap("test", "kit", gaps.Gap(partition, 10_000, 0, 20_000, 10_001))
    assert not await gaps.step_over(database, gap)
