"""Temporal, PostgreSQL and the broker (with all its data) are killed while processes are in the middle of their work.

The workers live on. A deletion and a handover stand still half-way, as somebody holds rows that they need; a request
waits for its decision; a timer is about to ring. After the restart everything ends as if nothing had happened.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.contracts.permissions import Role
from services.kit.running import clock
from tests.faults.forks import PATIENCE
from tests.faults.scenarios import (
    DOWN,
    GONE,
    accepted,
    asked,
    customer_with_work,
    delete_customer,
    ended,
    hire,
    invariants_hold,
    living,
    possessions,
    request_to,
    stands_in,
)
from tests.faults.worker import WorkerProcesses
from tests.support.broker import running_broker
from tests.support.http import new_key
from tests.support.postgres import running_postgres
from tests.support.system import Caller, System, running_system
from tests.support.temporal import running_temporal
from tests.support.waiting import eventually

PARTS = ("temporal", "postgres", "broker")
DUE_SOON_LEAD = timedelta(hours=24)
RINGS_IN = timedelta(seconds=6)


@pytest.fixture(scope="module")
async def system() -> AsyncIterator[System]:
    """With a PostgreSQL that keeps what it acknowledged."""
    with running_postgres(durable=True) as postgres, running_temporal() as server, running_broker() as broker:
        async with running_system(postgres, server, broker, with_workers=False) as running:
            await hire(running)
            yield running


@asynccontextmanager
async def held(system: System, service: str, rows: str, params: list[Any]) -> AsyncIterator[None]:
    """Somebody holds these rows until the block ends; when PostgreSQL dies they are free."""
    connection = await psycopg.AsyncConnection.connect(system.databases[service])
    try:
        await connection.execute(f"{rows} FOR UPDATE", params)
        yield
    finally:
        await connection.close()


@dataclass
class Midway:
    """What is under way when the part dies."""

    customer: dict[str, Any]
    leaver: Caller
    deletion: dict[str, Any]
    handover: dict[str, Any]
    request: dict[str, Any]
    task: dict[str, Any]


@asynccontextmanager
async def midway(system: System, name: str) -> AsyncIterator[Midway]:
    """Deletion and handover stand still until the block ends."""
    admin, rep, approver = (system.people[person] for person in ("admin", "rep", "approver"))
    leaver = await system.person(name, Role.REP, manager=system.people["manager"])
    await customer_with_work(leaver, approver)
    customer = await customer_with_work(rep, approver)
    request = await asked(rep, "POST", "/approvals", request_to(approver))
    of_customer = "SELECT FROM tasks WHERE customer_id = %s"
    of_leaver = "SELECT FROM customers WHERE assigned_sales_id = %s"
    async with (
        held(system, "sales_activity", of_customer, [customer["id"]]),
        held(system, "customer", of_leaver, [leaver.id]),
    ):
        deletion = await delete_customer(system, customer)
        handover = await asked(admin, "DELETE", f"/auth/users/{leaver.id}?successorId={rep.id}")
        await stands_in(admin, deletion, "hide_activities")
        await stands_in(admin, handover, "reassign_customers")
        due = (clock.now() + DUE_SOON_LEAD + RINGS_IN).isoformat()
        task = await asked(rep, "POST", "/tasks", {"title": "間近の仕事", "dueDate": due})
        yield Midway(customer, leaver, deletion, handover, request, task)


@pytest.mark.parametrize("killed", [*[(part,) for part in PARTS], PARTS], ids=" and ".join)
async def test_what_was_under_way_when_a_part_was_killed_ends_well_after_its_return(
    system: System, workers: WorkerProcesses, killed: tuple[str, ...]
) -> None:
    admin, rep, approver = (system.people[person] for person in ("admin", "rep", "approver"))
    workers.start()
    async with midway(system, "leaver-" + "-".join(killed)) as under_way:
        for part in killed:
            getattr(system, part).kill()
        customer = {"name": "停電中 商会", "kind": "CORPORATE"}
        meanwhile = await rep.ask("POST", "/customers", customer, Idempotency_Key=(key := new_key()))
        assert meanwhile.status in (DOWN if "postgres" in killed else (201,)), meanwhile.json
    for part in killed:
        getattr(system, part).start()

    path = f"/approvals/{under_way.request['id']}/approve"
    assert (await accepted(approver, "PATCH", path, {"comment": "承認"})).json["state"] == "APPROVED"
    made = await accepted(rep, "POST", "/customers", customer, Idempotency_Key=key)
    assert made.status == 201
    assert [await ended(admin, process) for process in (under_way.deletion, under_way.handover)] == ["COMPLETED"] * 2
    assert await living(rep, under_way.customer) == (GONE, "CANCELLED")
    assert not any(await possessions(system, under_way.leaver.id))

    async def announced() -> bool:
        items = (await rep.get("/notifications?limit=100")).json["items"]
        return any(item["resourceId"] == under_way.task["id"] for item in items)

    await eventually(announced, within=PATIENCE, what="the notice of the task")
    await invariants_hold(system)
