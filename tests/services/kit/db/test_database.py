"""The two pools: what they allow, and that a database that was killed and started again is only a pause."""

import asyncio

import psycopg
import pytest

from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from tests.support.kit_tables import create_kit_tables, insert_thing
from tests.support.postgres import PostgresServer
from tests.support.waiting import eventually


async def test_a_write_can_not_escape_its_transaction_through_the_read_pool(database: Database) -> None:
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        async with database.reader() as reader:
            await reader.all("INSERT INTO effects (event_id, name) VALUES (gen_random_uuid(), 'x')")


async def test_every_statement_has_a_deadline(database: Database, system: ActorContext) -> None:
    async with database.reader() as reader, database.transaction(system) as uow:
        for connection in (reader, uow):
            for setting in ("statement_timeout", "lock_timeout"):
                assert await connection.scalar("SELECT current_setting(%s)", [setting]) not in (None, "0")


async def test_relays_are_woken_after_the_commit(database: Database, system: ActorContext) -> None:
    async with database.dedicated("test") as listener:
        await listener.execute("LISTEN outbox")
        async with database.transaction(system) as uow:
            uow.wakes.add("outbox")
        assert [n.channel async for n in listener.notifies(timeout=10, stop_after=1)] == ["outbox"]


async def test_a_killed_database_is_used_again_when_it_is_back(durable_postgres: PostgresServer) -> None:
    url = durable_postgres.database_from("kit", create_kit_tables)
    async with Database(url, name="kit") as database:
        async with asyncio.TaskGroup() as group:
            for _ in range(8):
                group.create_task(_count(database))
        async with database.transaction(ActorContext.system()) as uow:
            await insert_thing(uow)
        durable_postgres.kill()
        with pytest.raises(psycopg.OperationalError):
            await _count(database)
        durable_postgres.start()

        async def back() -> bool:
            try:
                return await _count(database) == 1
            except psycopg.OperationalError:
                return False

        await eventually(back)
        # From the first success on nobody meets one of the old connections any more.
        assert await asyncio.gather(*(_count(database) for _ in range(32))) == [1] * 32
        async with database.transaction(ActorContext.system()) as uow:
            await insert_thing(uow)
        assert await _count(database) == 2


async def _count(database: Database) -> int:
    async with database.reader() as reader:
        count: int = await reader.scalar("SELECT count(*) FROM things")
    return count
