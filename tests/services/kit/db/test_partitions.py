"""The outbox's coming months are there before their events are, however many processes see to it."""

import asyncio
from datetime import UTC, datetime

import pytest

from services.kit.db.database import Database
from services.kit.db.partitions import ensure_partitions, prune
from services.kit.running import clock
from services.kit.running.context import ActorContext
from tests.support.events import create_things

REPLICAS = 4


async def _months(db: Database) -> set[str]:
    async with db.reader() as reader:
        rows = await reader.all(
            "SELECT inhrelid::regclass::text AS name FROM pg_inherits WHERE inhparent = 'outbox'::regclass"
        )
    return {row["name"] for row in rows}


@pytest.mark.parametrize("month", [datetime(2031, 1, 31, 23, 59, 59, tzinfo=UTC), datetime(2032, 12, 1, tzinfo=UTC)])
async def test_replicas_that_make_the_months_at_once_all_live_and_make_each_once(
    database: Database, month: datetime
) -> None:
    with clock.travel(at=month):
        made = await asyncio.gather(*(ensure_partitions(database) for _ in range(REPLICAS)))
    assert sorted(made) == [0] * (REPLICAS - 1) + [3]
    assert f"outbox_{month:%Y%m}" in await _months(database)


async def test_what_a_consumer_has_applied_is_remembered_when_all_else_is_pruned(database: Database) -> None:
    """Events may be published again years later: whoever forgot that it applied one would apply it twice."""
    await create_things(database, 1)
    async with database.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "INSERT INTO inbox (consumer, event_id, received_at) SELECT 'test', event_id, '2001-01-01' FROM outbox"
        )
    with clock.travel(at=datetime(2099, 1, 1, tzinfo=UTC)):
        await prune(database)
    async with database.reader() as reader:
        assert await reader.scalar("SELECT count(*) FROM inbox") == 1
