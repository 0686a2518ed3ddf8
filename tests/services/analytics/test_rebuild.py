"""A rebuild shows readers half a model, loses an event, or puts a worse model in place of a good one."""

import asyncio
from collections.abc import Iterable
from datetime import date, timedelta
from typing import Any
from uuid import uuid4

import pytest

from services.analytics.consumer import CONSUMER, consumer
from services.analytics.projections import shadow
from services.analytics.projections.histories import HISTORIES
from services.analytics.rebuild import RebuildError, rebuild
from services.analytics.reports.registry import REPORTS
from services.contracts import topics
from services.contracts.events import customer
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.broker import meet
from services.kit.events.envelope import Envelope
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.services.analytics.test_reports import ask, told, values
from tests.services.analytics.world import World, envelope
from tests.support.broker import Broker
from tests.support.events import running
from tests.support.hiding import hiding
from tests.support.waiting import DEADLINE, eventually

FIRST, END = date(2026, 7, 1), date(2026, 10, 1)
TOPIC_OF = {
    "user": topics.USER_EVENTS,
    "customer": topics.CUSTOMER_EVENTS,
    "meeting": topics.SALES_EVENTS,
    "task": topics.SALES_EVENTS,
    "approval": topics.APPROVAL_EVENTS,
}


async def send(broker: Broker, records: Iterable[tuple[str, bytes, bytes]]) -> None:
    """Topic, key, body."""
    session = await meet(broker.bootstrap)
    await session.ensure_topics([*set(TOPIC_OF.values()), topics.PROCESS_EVENTS])
    async with session.producer() as producer:
        await asyncio.gather(*[await producer.send(topic, body, key=key) for topic, key, body in records])


def records(events: Iterable[Envelope]) -> list[tuple[str, bytes, bytes]]:
    return [
        (TOPIC_OF[event.event_type.partition(".")[0]], str(event.aggregate_id).encode(), event.to_json())
        for event in events
    ]


async def versions(db: Database) -> int:
    tables = " + ".join(f"(SELECT count(*) FROM read_model.{history.table})" for history in HISTORIES)  # noqa: S608
    async with db.reader() as reader:
        found: int = await reader.scalar(f"SELECT {tables}")
    return found


async def consumed(db: Database, count: int) -> None:
    async def there() -> bool:
        return await versions(db) == count

    await eventually(there, what="consumption of all events")


async def expect_the_truth(db: Database, world: World) -> None:
    for report in REPORTS:
        expected = told(world, report, FIRST, END)
        assert values((await ask(db, report, FIRST, END))["figures"], expected) == expected


async def test_a_rebuilt_model_equals_the_live_one_and_readers_never_see_less(db: Database, own_broker: Broker) -> None:
    world = World(21).populate(customers=60, meetings=150, tasks=100, requests=100)
    later = World(22).populate(customers=20, meetings=30, tasks=30, requests=30)
    await send(own_broker, records([*world.events, *world.events[:50]]))
    live = consumer(db, own_broker.bootstrap)
    finished = asyncio.Event()

    async def read() -> int:
        """Every answer must contain at least what the one before had."""
        known = looks = 0
        while not finished.is_set():
            count = await versions(db)
            assert count >= known, "a reader saw a model that was not complete"
            known, looks = count, looks + 1
            for report in REPORTS:
                await ask(db, report, FIRST, END)
        return looks

    async with running(live.run):
        await consumed(db, len(world.events))
        reading = asyncio.create_task(read())
        results = []
        for part in range(3):
            await send(own_broker, records(later.events[part::3]))
            results.append(await rebuild(db, own_broker.bootstrap))
        await consumed(db, len(world.events) + len(later.events))
        finished.set()
        assert await reading > 0
        both = World(0, [*world.events, *later.events])
        await expect_the_truth(db, both)
        settled = await rebuild(db, own_broker.bootstrap, exchange=False)
    assert all(result.exchanged and not result.refused for result in results)
    assert not settled.exchanged
    assert not any(difference.any for difference in settled.differences)
    async with db.reader() as reader:
        schemas = await reader.all("SELECT nspname FROM pg_namespace WHERE nspname LIKE 'read_model%'")
    assert [row["nspname"] for row in schemas] == ["read_model"]


async def test_what_was_wrong_in_the_live_model_is_found_and_mended(db: Database, own_broker: Broker) -> None:
    world = World(23).populate()
    await send(own_broker, records(world.events))
    async with running(consumer(db, own_broker.bootstrap).run):
        await consumed(db, len(world.events))
    async with db.transaction(ActorContext.system()) as uow:
        lost = await uow.execute("DELETE FROM read_model.task_history WHERE version = 1")
        await uow.execute("UPDATE read_model.aggregated_metrics SET count = count + 1 WHERE metric = 'meeting.created'")
        spoilt = await uow.execute("UPDATE read_model.approval_history SET state = 'APPROVED' WHERE state = 'REJECTED'")
    result = await rebuild(db, own_broker.bootstrap)
    found = {difference.table: difference for difference in result.differences if difference.any}
    assert found.keys() == {"task_history", "aggregated_metrics", "approval_history"}
    assert (found["task_history"].only_shadow, found["approval_history"].changed) == (lost, spoilt)
    await expect_the_truth(db, world)


async def test_a_stream_that_lacks_what_the_live_model_has_is_refused(db: Database, own_broker: Broker) -> None:
    world = World(24).populate()
    await send(own_broker, records(world.events))
    async with running(consumer(db, own_broker.bootstrap).run):
        await consumed(db, len(world.events))
    own_broker.restart()
    await send(own_broker, records(world.events[: len(world.events) // 2]))
    with pytest.raises(RebuildError, match="has not yet met"):
        await rebuild(db, own_broker.bootstrap)
    async with running(consumer(db, own_broker.bootstrap).run):
        await eventually(lambda: _met(db, own_broker))
        with pytest.raises(RebuildError, match="lacks rows"):
            await rebuild(db, own_broker.bootstrap)
    assert await versions(db) == len(world.events)
    await expect_the_truth(db, world)


async def _met(db: Database, broker: Broker) -> bool:
    async with db.reader() as reader:
        rows: Any = await reader.all(
            "SELECT cluster_id FROM consumer_positions WHERE consumer = %s AND cluster_id <> %s",
            [CONSUMER, broker.cluster_id],
        )
    return not rows


async def test_poison_in_the_stream_is_named_and_the_rest_is_built(db: Database, own_broker: Broker) -> None:
    world = World(25).populate()
    bad_id = uuid4()
    impossible = customer.CustomerCreated.model_validate(
        {
            "customer_id": bad_id,
            "name": "顧客",
            "kind": "CORPORATE",
            "relationship": "CLIENT",
            "state": "ACTIVE",
            "assigned_sales_id": bad_id,
            "created_at": clock.now(),
        }
    )
    event = envelope(impossible, bad_id, 1, clock.now() - timedelta(days=90))
    broken = event.model_copy(update={"data": event.data | {"createdAt": "soon"}})
    poison = [(topics.USER_EVENTS, b"k", b"no json"), *records([broken])]
    await send(own_broker, [*poison, *records(world.events)])
    async with running(consumer(db, own_broker.bootstrap).run):
        await consumed(db, len(world.events))
        result = await rebuild(db, own_broker.bootstrap)
    assert result.refused == 2
    assert any(str(bad_id) in reason for reason in result.reasons)
    await expect_the_truth(db, world)
    async with db.reader() as reader:
        assert await reader.scalar("SELECT count(*) FROM dead_letters WHERE consumer = %s", [CONSUMER]) == 2


async def test_two_rebuilds_at_once_do_not_mix(db: Database, own_broker: Broker) -> None:
    world = World(26).populate()
    await send(own_broker, records(world.events))
    async with running(consumer(db, own_broker.bootstrap).run):
        await consumed(db, len(world.events))
    outcomes = await asyncio.gather(
        rebuild(db, own_broker.bootstrap), rebuild(db, own_broker.bootstrap), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, RebuildError)]
    assert len(refused) == 1
    await expect_the_truth(db, world)


async def _shift(db: Database, topic: str, by: int) -> None:
    async with db.transaction(ActorContext.system()) as uow:
        moved = await uow.execute(
            "UPDATE consumer_positions SET next_offset = next_offset + %s WHERE consumer = %s AND topic = %s",
            [by, CONSUMER, topic],
        )
    assert moved


async def test_a_topic_that_ends_before_the_live_consumers_position_is_refused_at_once(
    db: Database, own_broker: Broker
) -> None:
    """As after an election that lost records: a rebuild that waited for them would hold the live consumer for ever."""
    world = World(27).populate()
    await send(own_broker, records(world.events))
    async with running(consumer(db, own_broker.bootstrap).run):
        await consumed(db, len(world.events))
    await _shift(db, topics.CUSTOMER_EVENTS, 100)
    with pytest.raises(RebuildError, match=r"customer\.events.*before the live consumer's position"):
        await asyncio.wait_for(rebuild(db, own_broker.bootstrap), DEADLINE)
    await expect_the_truth(db, world)


async def test_records_that_vanish_while_it_waits_for_them_do_not_hold_the_live_consumer(
    db: Database, own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The position jumps after the rebuild has looked, when the live consumer already waits for it."""
    world, later = World(28).populate(), World(29).populate(customers=3)
    await send(own_broker, records(world.events))
    async with running(consumer(db, own_broker.bootstrap).run):
        await consumed(db, len(world.events))
    lock = shadow.lock

    async def then_records_vanish(uow: UnitOfWork) -> None:
        await lock(uow)
        await _shift(db, topics.USER_EVENTS, 100)

    monkeypatch.setattr(shadow, "lock", then_records_vanish)
    with pytest.raises(RebuildError, match=r"user\.events.*before the live consumer's position"):
        await asyncio.wait_for(rebuild(db, own_broker.bootstrap), DEADLINE)
    await _shift(db, topics.USER_EVENTS, -100)
    async with running(consumer(db, own_broker.bootstrap).run):
        await send(own_broker, records(later.events))
        await consumed(db, len(world.events) + len(later.events))


async def test_a_record_that_is_missing_in_the_stream_is_refused(
    db: Database, own_broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.kit.events.stream.GAP_LONGEST_SECONDS", 0.2)
    world = World(30).populate()
    await send(own_broker, records(world.events))
    async with running(consumer(db, own_broker.bootstrap).run):
        await consumed(db, len(world.events))
    with (
        hiding(lambda record: record.topic == topics.CUSTOMER_EVENTS and record.offset == 1),
        pytest.raises(RebuildError, match="records are missing"),
    ):
        await rebuild(db, own_broker.bootstrap)
