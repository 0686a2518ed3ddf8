"""Reference copies equal their source, in whatever order and however often the events come."""

import itertools
from collections.abc import Mapping
from typing import Any
from uuid import UUID, uuid4

import pytest

from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row
from services.kit.errors import NotFound
from services.kit.events.copies import CopyTable
from services.kit.events.envelope import Envelope
from services.kit.processes.fences import block
from services.kit.running import clock
from services.kit.running.context import ActorContext

COPIES = CopyTable(
    table="thing_copies",
    topic="thing.events",
    columns={"name": "name", "tags": "tags", "state": "state"},
    deleted_events={"thing.deleted": {"state": "DELETED"}},
)


def event(thing: UUID, version: int | None, event_type: str = "thing.renamed", **data: Any) -> Envelope:
    return Envelope(
        event_id=uuid4(),
        event_type=event_type,
        timestamp=clock.now(),
        data=data,
        aggregate_id=thing,
        aggregate_version=version,
    )


async def _apply(db: Database, *envelopes: Envelope) -> None:
    async with db.transaction(ActorContext.system()) as uow:
        await COPIES.apply(uow, envelopes)


async def _copy(db: Database, thing: UUID) -> Row:
    async with db.reader() as reader:
        row = await COPIES.find(reader, thing)
    assert row is not None
    return row


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))))
@pytest.mark.parametrize("together", [True, False])
async def test_the_newest_version_wins_in_every_order(
    database: Database, order: tuple[int, ...], *, together: bool
) -> None:
    thing = uuid4()
    events = [
        event(thing, 1, "thing.created", name="first", tags=["a"], state="ACTIVE"),
        event(thing, 2, name="second", tags=["a", "b"], state="ACTIVE"),
        event(thing, 3, "thing.deleted", name="third", tags=[], state="ACTIVE"),
    ]
    shuffled = [events[number] for number in order]
    if together:
        await _apply(database, *shuffled, *shuffled)
    else:
        for one in shuffled:
            await _apply(database, one)
    copy = await _copy(database, thing)
    assert (copy["name"], copy["tags"], copy["state"], copy["aggregate_version"]) == ("third", [], "DELETED", 3)


async def test_an_update_of_a_copy_keeps_the_fence_of_a_process(database: Database, system: ActorContext) -> None:
    thing, process = uuid4(), uuid4()
    await _apply(database, event(thing, 1, name="first", tags=[], state="ACTIVE"))
    async with database.transaction(system) as uow:
        await block(uow, "thing_copies", thing, process)
    await _apply(database, event(thing, 2, name="second", tags=[], state="ACTIVE"))
    copy = await _copy(database, thing)
    assert (copy["name"], copy["blocked_by_process"]) == ("second", process)


async def test_facts_and_events_about_other_things_change_no_copy(database: Database) -> None:
    thing = uuid4()
    await _apply(database, event(thing, None, "thing.seen", name="x"), event(uuid4(), 1, "other.created", name="x"))
    async with database.reader() as reader:
        assert await COPIES.find(reader, thing) is None
        assert await reader.scalar("SELECT count(*) FROM thing_copies") == 0


async def test_a_missing_copy_costs_one_call_to_the_owner(database: Database, system: ActorContext) -> None:
    thing, calls = uuid4(), []

    async def fetch(id: UUID) -> Mapping[str, Any]:  # noqa: A002
        calls.append(id)
        return {"name": "fetched", "tags": ["x"], "state": "ACTIVE", "aggregateVersion": 4}

    for _ in range(2):
        async with database.transaction(system) as uow:
            copy = await COPIES.require(uow, thing, fetch)
    assert (copy["name"], copy["aggregate_version"], calls) == ("fetched", 4, [thing])
    await _apply(database, event(thing, 3, name="older", tags=[], state="ACTIVE"))
    assert (await _copy(database, thing))["name"] == "fetched"


async def test_a_record_that_the_owner_does_not_know_is_not_found(database: Database, system: ActorContext) -> None:
    async def fetch(id: UUID) -> None:  # noqa: A002
        return None

    with pytest.raises(NotFound):
        async with database.transaction(system) as uow:
            await COPIES.require(uow, uuid4(), fetch)
