"""Reference copies equal their source, in whatever order and however often the events come."""

import itertools
from collections.abc import Sequence
from typing import Any, cast
from uuid import UUID, uuid4

import pytest

from services.kit.db.database import Database
from services.kit.db.unit_of_work import Row
from services.kit.events.copies import IDS_PER_CALL, CopyTable, Owners, Source
from services.kit.events.envelope import Envelope
from services.kit.processes.fences import block
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.kit.running.outside import OutsideFirst
from services.kit.trust.internal import InternalClient, RecentlyAbsent

COPIES = CopyTable(
    table="thing_copies",
    topic="thing.events",
    columns={"name": "name", "tags": "tags", "state": "state"},
    deleted_events={"thing.deleted": {"state": "DELETED"}},
    owner=Source("thing", "/internal/things", "thingId"),
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


class FakeOwner:
    """Answers as another service would; counts what it was asked."""

    def __init__(self, *known: UUID) -> None:
        self.known = set(known)
        self.asked: list[list[UUID]] = []
        self.absent = RecentlyAbsent()

    async def get(self, service: str, path: str, params: Sequence[tuple[str, str]] = ()) -> Any:
        assert (service, path, {name for name, _ in params}) == ("thing", "/internal/things", {"ids"})
        ids = [UUID(value) for _, value in params]
        self.asked.append(ids)
        fields = {"name": "fetched", "tags": ["x"], "state": "ACTIVE", "aggregateVersion": 4}
        return {"items": [{"thingId": str(id_)} | fields for id_ in ids if id_ in self.known]}


async def _required(db: Database, owner: FakeOwner, ids: Sequence[UUID]) -> dict[UUID, Row]:
    """As an edge does: what is missing is brought between two transactions."""
    owners = Owners(db, cast("InternalClient", owner))
    while True:
        try:
            async with db.transaction(ActorContext.system()) as uow:
                return await COPIES.require(uow, owners, ids)
        except OutsideFirst as first:
            work = first.work
        await work()


async def test_all_missing_copies_cost_one_call_to_the_owner(database: Database) -> None:
    things = [uuid4() for _ in range(20)]
    owner = FakeOwner(*things)
    for _ in range(2):
        copies = await _required(database, owner, [*things, *things])
    assert {copy["name"] for copy in copies.values()} == {"fetched"}
    assert set(copies) == set(things)
    assert owner.asked == [sorted(things)]
    await _apply(database, event(things[0], 3, name="older", tags=[], state="ACTIVE"))
    assert (await _copy(database, things[0]))["name"] == "fetched"


async def test_what_the_owner_does_not_know_is_left_out_and_not_asked_again_at_once(database: Database) -> None:
    there, gone = uuid4(), uuid4()
    owner = FakeOwner(there)
    for _ in range(3):
        assert set(await _required(database, owner, [there, gone])) == {there}
    assert owner.asked == [sorted([there, gone])]
    await _apply(database, event(gone, 1, name="came later", tags=[], state="ACTIVE"))
    assert set(await _required(database, owner, [there, gone])) == {there, gone}


async def test_many_missing_copies_are_asked_for_in_portions(database: Database) -> None:
    things = [uuid4() for _ in range(IDS_PER_CALL + 1)]
    owner = FakeOwner(*things)
    assert set(await _required(database, owner, things)) == set(things)
    assert [len(ids) for ids in owner.asked] == [IDS_PER_CALL, 1]
