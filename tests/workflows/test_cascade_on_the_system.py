"""The customer's cascade over all services as they are: what is deleted goes everywhere, and comes back whole."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import psycopg
import pytest

from services.contracts.permissions import Role
from services.contracts.processes import RECONCILE_PROCESSES, TaskQueue
from services.kit.running import clock, temporal
from tests.support.broker import Broker
from tests.support.http import Answer
from tests.support.kind_fields import filled_in
from tests.support.postgres import PostgresServer
from tests.support.system import Caller, System, running_system
from tests.support.temporal import running_temporal
from tests.support.waiting import eventually

LONG = 180.0
MANY = 10_000


@dataclass
class Office:
    system: System
    admin: Caller
    manager: Caller
    rep: Caller
    approver: Caller
    ops: Caller


@pytest.fixture(scope="module")
async def office(postgres: PostgresServer, broker: Broker) -> AsyncIterator[Office]:
    # A server of its own: the session's other modules have workers with fakes on the same queues.
    with running_temporal() as server:
        async with running_system(postgres, server, broker) as system:
            admin = await system.person("admin", Role.ADMIN)
            manager = await system.person("manager", Role.MANAGER)
            rep = await system.person("rep", Role.REP, manager=manager)
            approver = await system.person("approver", Role.APPROVER)
            ops = await system.person("ops", Role.OPS)
            yield Office(system, admin, manager, rep, approver, ops)


async def ok(answer: Answer) -> dict[str, Any]:
    assert answer.status < 300, answer.json
    content: dict[str, Any] = answer.json
    return content


async def customer_with_work(office: Office) -> dict[str, Any]:
    """A customer with one request that waits, one that was returned, a meeting and two tasks."""
    rep = office.rep
    customer = await ok(await rep.ask("POST", "/customers", {"name": "山田 太郎"}))
    about = {"customerId": customer["id"]}
    request = {**about, "title": "手数料", "approverId": str(office.approver.id)}
    request = filled_in(request | {"kind": "FEE_DISCOUNT"})
    await ok(await rep.ask("POST", "/approvals", request))
    returned = await ok(await rep.ask("POST", "/approvals", request))
    comment = {"comment": "資料を添えてください。"}
    await ok(await office.approver.ask("PATCH", f"/approvals/{returned['id']}/return", comment))
    starts = clock.now() + timedelta(days=3)
    period = {"startsAt": starts.isoformat(), "endsAt": (starts + timedelta(hours=1)).isoformat()}
    await ok(await rep.ask("POST", "/meetings", {**about, "title": "面談", **period}))
    for title in ("電話", "資料"):
        await ok(await rep.ask("POST", "/tasks", {**about, "title": title, "dueDate": starts.isoformat()}))
    return customer


async def ended(caller: Caller, saga: dict[str, Any]) -> dict[str, Any]:
    async def probe() -> dict[str, Any] | None:
        view = (await caller.get(f"/sagas/{saga['sagaId']}")).json
        return view if view["status"] in ("COMPLETED", "COMPENSATED", "NEEDS_ATTENTION") else None

    view = await eventually(probe, within=LONG, what="the end of the process")
    assert view is not None
    return view


async def requests_of(office: Office, customer: dict[str, Any]) -> list[tuple[str, int]]:
    rows = await office.system.rows(
        "opportunity",
        "SELECT state, generation FROM approvals WHERE customer_id = %s ORDER BY created_at",
        [customer["id"]],
    )
    return [(row["state"], row["generation"]) for row in rows]


async def work_of(office: Office, customer: dict[str, Any]) -> list[dict[str, Any]]:
    """Meetings and tasks as they stand, but for the count of their events."""
    statement = (
        "SELECT id, title, state, version, deleted_at, hidden_by_process FROM meetings WHERE customer_id = %(id)s"
        " UNION ALL SELECT id, title, state, version, deleted_at, hidden_by_process FROM tasks"
        " WHERE customer_id = %(id)s ORDER BY id"
    )
    return await office.system.rows("sales_activity", statement, {"id": customer["id"]})


async def test_delete_restore_and_delete_again(office: Office) -> None:
    customer = await customer_with_work(office)
    path = f"/customers/{customer['id']}"
    before = await work_of(office, customer)

    async def copies_know() -> bool:
        return (await office.manager.get(f"{path}/deletion-preview")).json["total"] == 5

    await eventually(copies_know, within=LONG, what="a preview of all that belongs to the customer")
    deletion = await ended(office.manager, await ok(await office.manager.ask("DELETE", path)))
    assert deletion["status"] == "COMPLETED", deletion
    assert deletion["progress"]["done"] == deletion["progress"]["total"]
    assert [state for state, _ in await requests_of(office, customer)] == ["CANCELLED", "CANCELLED"]
    assert all(row["hidden_by_process"] for row in await work_of(office, customer))
    assert (await office.rep.get(path)).status == 410
    late = await office.rep.ask("POST", "/tasks", {"customerId": customer["id"], "title": "遅れて来た仕事"})
    assert late.status in (404, 409), late.json

    restoration = await ended(office.admin, await ok(await office.admin.ask("POST", f"{path}/restore")))
    assert restoration["status"] == "COMPLETED", restoration
    assert await requests_of(office, customer) == [("RETURNED", 2), ("RETURNED", 2)]
    assert await work_of(office, customer) == before
    assert (await office.rep.get(path)).json["state"] == "ACTIVE"

    async def open_again() -> bool:
        answer = await office.rep.ask("POST", "/tasks", {"customerId": customer["id"], "title": "続き"})
        return answer.status == 201

    await eventually(open_again, within=LONG, what="a task for the restored customer")
    again = await ended(office.manager, await ok(await office.manager.ask("DELETE", path)))
    assert again["status"] == "COMPLETED", again
    assert again["id"] != deletion["id"]
    assert [state for state, _ in await requests_of(office, customer)] == ["CANCELLED", "CANCELLED"]


def _insert_tasks(url: str, customer: dict[str, Any], owner: Caller) -> None:
    with psycopg.connect(url) as connection:
        connection.execute(
            "INSERT INTO tasks (id, customer_id, user_id, title, priority, state, version, event_version, created_at,"
            " updated_at) SELECT gen_random_uuid(), %s, %s, '仕事' || i, 'NORMAL', 'OPEN', 1, 1, now(), now()"
            " FROM generate_series(1, %s) AS i",
            [customer["id"], owner.id, MANY],
        )


async def test_ten_thousand_rows_stopped_half_way_are_all_back_as_they_were(office: Office) -> None:
    customer = await customer_with_work(office)
    path = f"/customers/{customer['id']}"
    await asyncio.to_thread(_insert_tasks, office.system.databases["sales_activity"], customer, office.rep)
    before = await work_of(office, customer)
    requests = await requests_of(office, customer)
    saga = await ok(await office.manager.ask("DELETE", path))

    async def half_way() -> bool:
        view = (await office.manager.get(f"/sagas/{saga['sagaId']}")).json
        assert view["status"] in ("REQUESTED", "RUNNING"), view
        hide = next(step for step in view["steps"] if step["name"] == "hide_activities")
        return 0 < (hide["done"] or 0) < MANY

    await eventually(half_way, within=LONG, what="progress half-way")
    refused = await office.rep.ask("POST", "/tasks", {"customerId": customer["id"], "title": "遅れて来た仕事"})
    assert (refused.status, refused.json.get("processId")) == (409, saga["sagaId"])
    stopped = await office.ops.ask("POST", f"/sagas/{saga['sagaId']}/compensate", {"reason": "誤った依頼"})
    assert stopped.status == 200, stopped.json
    view = await ended(office.ops, saga)
    assert (view["status"], view["detail"]) == ("COMPENSATED", "compensation_requested")
    assert {step["status"] for step in view["steps"]} <= {"UNDONE", "PLANNED"}
    assert await work_of(office, customer) == before
    assert await requests_of(office, customer) == requests
    assert (await office.rep.get(path)).json["state"] == "ACTIVE"
    for service in ("sales_activity", "opportunity"):
        blocked = "SELECT blocked_by_process FROM customer_copies WHERE id = %s"
        assert await office.system.rows(service, blocked, [customer["id"]]) == [{"blocked_by_process": None}]


STEPS = {"customer", "opportunity", "sales_activity"}
"""Services in which the steps of a customer's deletion record their answers."""


async def recorded(office: Office, saga: dict[str, Any]) -> dict[str, int]:
    """How many answers of the process's steps each service keeps."""
    counts = {}
    for service in STEPS:
        statement = "SELECT count(*) AS n FROM step_results WHERE key LIKE %s"
        [row] = await office.system.rows(service, statement, [f"{saga['sagaId']}:%"])
        counts[service] = row["n"]
    return counts


async def ended_days_ago(office: Office, saga: dict[str, Any], days: int) -> None:
    async with await psycopg.AsyncConnection.connect(office.system.databases["customer"]) as connection:
        at = clock.now() - timedelta(days=days)
        aged = await connection.execute("UPDATE processes SET finished_at = %s WHERE id = %s", [at, saga["sagaId"]])
        assert aged.rowcount == 1


async def test_answers_of_steps_are_forgotten_everywhere_thirty_days_after_the_end(office: Office) -> None:
    customers = [await customer_with_work(office) for _ in range(2)]
    old, young = [await ok(await office.manager.ask("DELETE", f"/customers/{c['id']}")) for c in customers]
    for saga, days in ((old, 31), (young, 29)):
        assert (await ended(office.manager, saga))["status"] == "COMPLETED"
        await ended_days_ago(office, saga, days)
    before = await recorded(office, young)
    assert all((await recorded(office, old)).values())
    assert all(before.values())

    client = await temporal.connect(office.system.settings)
    await client.execute_workflow(RECONCILE_PROCESSES, id="reconcile-by-a-test", task_queue=TaskQueue.CUSTOMER)
    assert not any((await recorded(office, old)).values())
    assert await recorded(office, young) == before
    statement = "SELECT steps_forgotten_at IS NOT NULL AS forgotten FROM processes WHERE id = %s"
    for saga, forgotten in ((old, True), (young, False)):
        assert await office.system.rows("customer", statement, [saga["sagaId"]]) == [{"forgotten": forgotten}]

    restoration = await ok(await office.admin.ask("POST", f"/customers/{customers[0]['id']}/restore", {}))
    assert (await ended(office.admin, restoration))["status"] == "COMPLETED"
