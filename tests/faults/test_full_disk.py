"""The disk below the databases fills up while a process is in its midst, and has room again later.

PostgreSQL then refuses every statement that needs a page more with SQLSTATE 53100, and answers reads. Triggers say the
same here: a disk that is really full would need a file system of its own, which only root can make.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import psycopg
from psycopg import sql

from tests.faults.scenarios import (
    ALIVE,
    GONE,
    accepted,
    asked,
    customer_with_work,
    delete_customer,
    ended,
    invariants_hold,
    living,
    request_to,
    stands_in,
)
from tests.faults.worker import WorkerProcesses
from tests.support.http import new_key
from tests.support.system import System

REFUSAL: Final = """
CREATE FUNCTION refuse_for_want_of_room() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'could not extend file: No space left on device' USING ERRCODE = 'disk_full';
END $$
"""
TABLES: Final = """
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = 'public'
"""


TRIGGER: Final = """
CREATE TRIGGER a_full_disk BEFORE INSERT OR UPDATE ON {}
FOR EACH STATEMENT EXECUTE FUNCTION refuse_for_want_of_room()
"""


@asynccontextmanager
async def full_disk(system: System, *services: str) -> AsyncIterator[None]:
    """No row of these services can be added or changed until the block ends."""
    urls = [system.databases[service] for service in services]
    for url in urls:
        await _of_each_table(url, TRIGGER, before=REFUSAL)
    try:
        yield
    finally:
        for url in urls:
            await _of_each_table(url, "DROP TRIGGER a_full_disk ON {}", after="DROP FUNCTION refuse_for_want_of_room")


async def _of_each_table(url: str, statement: str, *, before: str = "", after: str = "") -> None:
    """One table at a time: what holds several locks at once could deadlock with what runs."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        await connection.execute(before)
        found = await connection.execute(TABLES)
        for (table,) in await found.fetchall():
            await connection.execute(sql.SQL(statement).format(sql.SQL(table)))
        await connection.execute(after)


async def test_writes_are_refused_reads_answered_and_everything_ends_well_once_there_is_room(
    system: System, workers: WorkerProcesses
) -> None:
    rep, approver, admin = (system.people[name] for name in ("rep", "approver", "admin"))
    customer = await customer_with_work(rep, approver)
    request = await asked(rep, "POST", "/approvals", request_to(approver))
    body = {"name": "満杯 商会", "kind": "CORPORATE"}
    keys = new_key(), new_key()
    workers.start()
    async with full_disk(system, "sales_activity"):
        deletion = await delete_customer(system, customer)

        await stands_in(admin, deletion, "hide_activities")
        async with full_disk(system, "auth", "customer", "opportunity", "analytics"):
            decided = await approver.ask("PATCH", f"/approvals/{request['id']}/approve", {}, Idempotency_Key=keys[0])
            made = await rep.ask("POST", "/customers", body, Idempotency_Key=keys[1])
            for refused in (decided, made):
                assert refused.status == 503, refused.json
                assert refused.headers["retry-after"]
            assert await living(rep, customer) == (ALIVE, "ON_HOLD")
            assert (await asked(rep, "GET", f"/approvals/{request['id']}"))["state"] == "PENDING"

    approve = f"/approvals/{request['id']}/approve"
    assert (await accepted(approver, "PATCH", approve, {}, Idempotency_Key=keys[0])).json["state"] == "APPROVED"
    assert (await accepted(rep, "POST", "/customers", body, Idempotency_Key=keys[1])).status == 201
    assert await ended(admin, deletion) == "COMPLETED"
    assert await living(rep, customer) == (GONE, "CANCELLED")
    named = (await asked(rep, "GET", "/customers/search?q=満杯"))["items"]
    assert [found["name"] for found in named] == ["満杯 商会"]
    await invariants_hold(system)
