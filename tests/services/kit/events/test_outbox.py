"""Changes and their events belong together, and the versions in the stream have no gaps."""

import asyncio
import uuid

import pytest

from services.kit.db.database import Database
from services.kit.events.outbox import (
    AggregateMissingError,
    record_change,
    record_changes,
    record_created,
    record_created_many,
    record_fact,
)
from services.kit.running.context import ActorContext
from tests.support.kit_tables import ThingCreated, ThingRenamed, ThingSeen, insert_thing


async def test_an_event_carries_who_did_it_and_in_which_process(database: Database) -> None:
    actor, process, traceparent = uuid.uuid4(), uuid.uuid4(), f"00-{'a' * 32}-{'b' * 16}-01"
    context = ActorContext(actor_id=actor, process_id=process, traceparent=traceparent)
    async with database.transaction(context) as uow:
        thing = await insert_thing(uow)
        await record_created(uow, aggregate_id=thing, event=ThingCreated(thing_id=thing, name="山田"))
    async with database.reader() as reader:
        row = await reader.one("SELECT * FROM outbox")
    assert row is not None
    assert (row["actor_id"], row["process_id"], row["traceparent"]) == (actor, process, traceparent)
    assert (row["event_type"], row["topic"], row["aggregate_version"]) == ("thing.created", "thing.events", 1)
    assert row["data"] == {"thingId": str(thing), "name": "山田", "tags": []}
    assert row["cluster_id"] is None


async def test_a_rolled_back_change_leaves_no_event(database: Database, system: ActorContext) -> None:
    with pytest.raises(RuntimeError, match="refused"):
        async with database.transaction(system) as uow:
            thing = await insert_thing(uow)
            await record_created(uow, aggregate_id=thing, event=ThingCreated(thing_id=thing, name="x"))
            raise RuntimeError("refused")
    async with database.reader() as reader:
        assert await reader.scalar("SELECT count(*) FROM outbox") == 0
        assert await reader.scalar("SELECT count(*) FROM things") == 0


async def test_concurrent_changes_of_one_aggregate_get_versions_without_gaps(
    database: Database, system: ActorContext
) -> None:
    async with database.transaction(system) as uow:
        thing = await insert_thing(uow)
        await record_created(uow, aggregate_id=thing, event=ThingCreated(thing_id=thing, name="0"))

    async def rename(number: int) -> int:
        async with database.transaction(system) as uow:
            event = ThingRenamed(thing_id=thing, name=str(number))
            return await record_change(uow, table="things", aggregate_id=thing, event=event)

    versions = await asyncio.gather(*(rename(number) for number in range(20)))
    assert sorted(versions) == list(range(2, 22))
    async with database.reader() as reader:
        rows = await reader.all("SELECT aggregate_version FROM outbox ORDER BY seq")
    assert [row["aggregate_version"] for row in rows] == list(range(1, 22))


async def test_changes_in_bulk_are_versioned_like_single_ones(database: Database, system: ActorContext) -> None:
    async with database.transaction(system) as uow:
        first, second = await insert_thing(uow), await insert_thing(uow)
        created = [(thing, ThingCreated(thing_id=thing, name="0")) for thing in (first, second)]
        await record_created_many(uow, events=created)
        renamed = [(thing, ThingRenamed(thing_id=thing, name=name)) for thing, name in ((first, "1"), (second, "1"))]
        await record_changes(uow, table="things", events=[*renamed, (first, ThingRenamed(thing_id=first, name="2"))])
    async with database.reader() as reader:
        rows = await reader.all(
            "SELECT aggregate_id, aggregate_version, data->>'name' AS name FROM outbox ORDER BY seq"
        )
        current = await reader.scalar("SELECT event_version FROM things WHERE id = %s", [first])
    events = [(row["aggregate_id"], row["aggregate_version"], row["name"]) for row in rows]
    assert events == [(first, 1, "0"), (second, 1, "0"), (first, 2, "1"), (second, 2, "1"), (first, 3, "2")]
    assert current == 3


async def test_a_change_of_a_missing_row_is_an_error_and_no_event(database: Database, system: ActorContext) -> None:
    nobody = uuid.uuid4()
    event = ThingRenamed(thing_id=nobody, name="x")
    for bulk in (False, True):
        with pytest.raises(AggregateMissingError):
            async with database.transaction(system) as uow:
                if bulk:
                    await record_changes(uow, table="things", events=[(nobody, event)])
                else:
                    await record_change(uow, table="things", aggregate_id=nobody, event=event)
    async with database.reader() as reader:
        assert await reader.scalar("SELECT count(*) FROM outbox") == 0


async def test_a_fact_carries_no_version(database: Database, system: ActorContext) -> None:
    thing = uuid.uuid4()
    async with database.transaction(system) as uow:
        await record_fact(uow, aggregate_id=thing, event=ThingSeen(thing_id=thing))
    async with database.reader() as reader:
        assert await reader.scalar("SELECT aggregate_version FROM outbox") is None


async def test_events_land_in_the_partition_of_their_month(database: Database, system: ActorContext) -> None:
    thing = uuid.uuid4()
    async with database.transaction(system) as uow:
        await record_fact(uow, aggregate_id=thing, event=ThingSeen(thing_id=thing))
    async with database.reader() as reader:
        assert await reader.scalar("SELECT tableoid::regclass::text ~ '^outbox_[0-9]{6}$' FROM outbox")
