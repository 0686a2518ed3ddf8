"""The service (and the gateway in its process) is killed (-9) around its commit, before the client has an answer.

The client repeats its request, with the same Idempotency-Key, at another process: one effect and one answer.
"""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from services.contracts.permissions import Role
from services.kit.http.service_route import CRASH_AFTER_COMMIT, CRASH_BEFORE_COMMIT
from services.kit.processes.waiting import CRASH_BEFORE_ANSWER
from services.opportunity.service.command_sender import CRASH_AFTER_DECISION
from tests.faults.scenarios import (
    accepted,
    asked,
    customer_with_work,
    delete_customer,
    ended,
    invariants_hold,
    living,
    request_to,
)
from tests.faults.web import web_process
from tests.faults.worker import WorkerProcesses
from tests.support.http import Answer, new_key
from tests.support.system import Caller, System

POST, PATCH, DELETE = "POST", "PATCH", "DELETE"
CUSTOMER = {"name": "鈴木 花子", "kind": "INDIVIDUAL"}


@pytest.fixture
def crashed(system: System, tmp_path: Path) -> Callable[..., Awaitable[Answer]]:
    """The answer to a request that is repeated after the first process died of it."""

    async def repeat(crash_at: str, caller: Caller, method: str, path: str, body: Any = None) -> Answer:
        key = new_key()
        with web_process(system, tmp_path, f"{crash_at}:1") as web:
            await web.ready()
            await web.killed_by(caller, method, path, body, key)
        return await accepted(caller, method, path, body, Idempotency_Key=key)

    return repeat


async def _count(system: System, service: str, statement: str, *params: Any) -> int:
    [row] = await system.rows(service, statement, params)
    return int(row["n"])


@pytest.mark.parametrize("crash_at", [CRASH_BEFORE_COMMIT, CRASH_AFTER_COMMIT])
async def test_what_was_written_but_not_answered_is_there_once(
    system: System, workers: WorkerProcesses, crashed: Callable[..., Awaitable[Answer]], crash_at: str
) -> None:
    rep, approver = system.people["rep"], system.people["approver"]
    counted = "SELECT count(*) AS n FROM {}"
    before = [
        await _count(system, service, counted.format(table))
        for service, table in (("customer", "customers"), ("opportunity", "approvals"))
    ]
    customer = await crashed(crash_at, rep, POST, "/customers", CUSTOMER)
    request = await crashed(crash_at, rep, POST, "/approvals", request_to(approver))
    replayed = "true" if crash_at == CRASH_AFTER_COMMIT else None
    for answer in (customer, request):
        assert (answer.status, answer.headers.get("idempotency-replayed")) == (201, replayed), answer.json
    after = [
        await _count(system, service, counted.format(table))
        for service, table in (("customer", "customers"), ("opportunity", "approvals"))
    ]
    assert after == [count + 1 for count in before]
    workers.start()
    approved = await accepted(approver, PATCH, f"/approvals/{request.json['id']}/approve", {})
    assert approved.json["state"] == "APPROVED"
    await invariants_hold(system)


async def test_a_decision_whose_answer_was_lost_is_answered_with_the_same_decision(
    system: System, workers: WorkerProcesses, crashed: Callable[..., Awaitable[Answer]]
) -> None:
    rep, approver = system.people["rep"], system.people["approver"]
    request = await asked(rep, POST, "/approvals", request_to(approver))
    workers.start()
    path = f"/approvals/{request['id']}"
    again = await crashed(CRASH_AFTER_DECISION, approver, PATCH, f"{path}/approve", {"comment": "承認"})
    assert (again.status, again.json["state"]) == (200, "APPROVED"), again.json
    history = "SELECT count(*) AS n FROM approval_history WHERE approval_id = %s AND action = 'APPROVE'"
    assert await _count(system, "opportunity", history, request["id"]) == 1
    await invariants_hold(system)


async def test_a_process_whose_start_was_not_answered_runs_once(
    system: System, workers: WorkerProcesses, crashed: Callable[..., Awaitable[Answer]]
) -> None:
    admin, rep, approver = (system.people[name] for name in ("admin", "rep", "approver"))
    leaver = await system.person("lost", Role.REP, manager=system.people["manager"])
    customer = await customer_with_work(rep, approver)
    path = f"/customers/{customer['id']}"
    deletion = await crashed(CRASH_BEFORE_ANSWER, admin, DELETE, path)
    handover = await crashed(CRASH_BEFORE_ANSWER, admin, DELETE, f"/auth/users/{leaver.id}?successorId={rep.id}")
    workers.start()
    for answer in (deletion, handover):
        assert answer.status == 202, answer.json
        assert await ended(admin, answer.json) == "COMPLETED"
    assert (await delete_customer(system, customer))["sagaId"] == deletion.json["sagaId"]
    restoration = await crashed(CRASH_AFTER_COMMIT, admin, POST, f"{path}/restore", {})
    homecoming = await crashed(CRASH_AFTER_COMMIT, admin, POST, f"/auth/users/{leaver.id}/restore")
    for answer in (restoration, homecoming):
        assert answer.status == 202, answer.json
        assert await ended(admin, answer.json) == "COMPLETED"
    assert (await living(rep, customer))[1] == "RETURNED"
    processes = "SELECT count(*) AS n FROM processes WHERE resource_id = %s AND type <> 'approval'"
    assert await _count(system, "customer", processes, customer["id"]) == 2
    assert await _count(system, "auth", processes, leaver.id) == 2
    await invariants_hold(system)
