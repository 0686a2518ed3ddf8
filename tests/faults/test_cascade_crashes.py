"""The worker is killed (-9) at every step boundary of a cascade; the next one goes on, and nothing is left half done.

One process outlives them all: each worker dies at the step after the one that killed its predecessor.

`begins`: the step was handed out and has done nothing. `committed`: its transaction stands, and Temporal has not
heard of it.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from deploy.invariants import system as read_only
from deploy.invariants.run import verify
from services.contracts.permissions import Role
from services.kit import clock, temporal
from tests.faults.worker import PATIENCE, WorkerProcesses, worker_processes
from tests.support.broker import running_broker
from tests.support.postgres import PostgresServer
from tests.support.system import Caller, System, running_system
from tests.support.temporal import running_temporal
from tests.support.waiting import eventually

DELETION = (
    "opportunity.fence_customer",
    "opportunity.hold_approvals",
    "sales_activity.fence_customer",
    "sales_activity.hide_activities",
    "opportunity.sweep_customer",
    "sales_activity.sweep_customer",
    "customer.confirm_deletion",
    "opportunity.cancel_approvals",
)
COMPENSATION = (
    "sales_activity.reveal_activities",
    "sales_activity.unfence_customer",
    "opportunity.release_approvals",
    "opportunity.unfence_customer",
    "customer.undo_deletion",
)
RESTORATION = (
    "opportunity.restore_approvals",
    "sales_activity.restore_activities",
    "customer.confirm_restoration",
    "opportunity.unfence_customer",
    "sales_activity.unfence_customer",
)
HANDOVER = (
    "customer.fence_user",
    "sales_activity.fence_user",
    "opportunity.fence_user",
    "customer.reassign_customers",
    "sales_activity.reassign_activities",
    "opportunity.reassign_approvals",
    "auth.reassign_reports",
    "auth.confirm_deletion",
)
TASKS = 3
SETTLE_SECONDS = 90.0


@pytest.fixture(scope="module")
async def system(postgres: PostgresServer) -> AsyncIterator[System]:
    with running_temporal() as server, running_broker() as broker:
        async with running_system(postgres, server, broker, with_workers=False) as running:
            await running.person("admin", Role.ADMIN)
            manager = await running.person("manager", Role.MANAGER)
            await running.person("rep", Role.REP, manager=manager)
            await running.person("approver", Role.APPROVER)
            yield running


@pytest.fixture
def workers(system: System, tmp_path: Path) -> Iterator[WorkerProcesses]:
    with worker_processes(system, tmp_path) as running:
        yield running


async def _made(caller: Caller, path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = await caller.ask("POST", path, body)
    assert answer.status < 300, answer.json
    made: dict[str, Any] = answer.json
    return made


async def _customer(owner: Caller, approver: Caller) -> dict[str, Any]:
    """A customer with tasks, a meeting and a pending request."""
    customer = await _made(owner, "/customers", {"name": "山田 太郎", "kind": "INDIVIDUAL"})
    later = clock.now() + timedelta(days=30)
    about = {"customerId": customer["id"]}
    for number in range(TASKS):
        await _made(owner, "/tasks", about | {"title": f"仕事 {number}", "dueDate": later.isoformat()})
    times = {"startsAt": later.isoformat(), "endsAt": (later + timedelta(hours=1)).isoformat()}
    await _made(owner, "/meetings", about | {"title": "面談"} | times)
    request = {"kind": "FEE_DISCOUNT", "title": "手数料", "approverId": str(approver.id)}
    customer["request"] = (await _made(owner, "/approvals", about | request))["id"]
    return customer


async def _living(owner: Caller, customer: dict[str, Any]) -> tuple[int, int, str]:
    """Live tasks and meetings, and the state of the request."""
    tasks = await owner.get(f"/tasks?customerId={customer['id']}")
    meetings = await owner.get(f"/meetings?customerId={customer['id']}")
    request = await owner.get(f"/approvals/{customer['request']}")
    return len(tasks.json["items"]), len(meetings.json["items"]), request.json["state"]


async def _ended(caller: Caller, process: dict[str, Any]) -> str:
    async def status() -> str | None:
        seen: str = (await caller.get(f"/sagas/{process['sagaId']}")).json["status"]
        return seen if seen in ("COMPLETED", "COMPENSATED") else None

    ended = await eventually(status, within=PATIENCE, what="the end of the process")
    assert ended is not None
    return ended


async def _invariants_hold(system: System) -> None:
    async with await read_only.System.open(system.settings) as opened:
        findings = await verify(opened, settle_seconds=SETTLE_SECONDS)
    assert [(f.invariant.key, f.violations) for f in findings if not f.holds] == []


async def _delete(system: System, customer: dict[str, Any]) -> dict[str, Any]:
    answer = await system.people["manager"].ask("DELETE", f"/customers/{customer['id']}")
    assert answer.status == 202, answer.json
    started: dict[str, Any] = answer.json
    return started


@pytest.mark.parametrize("moment", ["begins", "committed"])
async def test_a_deletion_ends_well_though_the_worker_dies_at_every_step(
    system: System, workers: WorkerProcesses, moment: str
) -> None:
    rep = system.people["rep"]
    customer = await _customer(rep, system.people["approver"])
    process = await _delete(system, customer)
    for step in DELETION:
        await workers.start_and_die(f"{step}.{moment}:1")
    workers.start()
    assert await _ended(system.people["manager"], process) == "COMPLETED"
    assert await _living(rep, customer) == (0, 0, "CANCELLED")
    await _invariants_hold(system)


async def test_a_cancelled_deletion_gives_everything_back_though_the_worker_dies_at_every_undo(
    system: System, workers: WorkerProcesses
) -> None:
    rep = system.people["rep"]
    customer = await _customer(rep, system.people["approver"])
    process = await _delete(system, customer)
    await workers.start_and_die("sales_activity.hide_activities.committed:1")
    client = await temporal.connect(system.settings)
    rows = await system.rows("customer", "SELECT workflow_id FROM processes WHERE id = %s", [process["sagaId"]])
    await client.get_workflow_handle(rows[0]["workflow_id"]).cancel()
    for step in COMPENSATION:
        await workers.start_and_die(f"{step}.committed:1")
    workers.start()
    assert await _ended(system.people["manager"], process) == "COMPENSATED"
    assert await _living(rep, customer) == (TASKS, 1, "PENDING")
    await _invariants_hold(system)


async def test_a_restoration_ends_well_though_the_worker_dies_at_every_step_and_the_customer_can_go_again(
    system: System, workers: WorkerProcesses
) -> None:
    rep, admin = system.people["rep"], system.people["admin"]
    customer = await _customer(rep, system.people["approver"])
    first = workers.start()
    assert await _ended(admin, await _delete(system, customer)) == "COMPLETED"
    first.kill()
    process = await _made(admin, f"/customers/{customer['id']}/restore", {})
    for step in RESTORATION:
        await workers.start_and_die(f"{step}.committed:1")
    workers.start()
    assert await _ended(admin, process) == "COMPLETED"
    assert await _living(rep, customer) == (TASKS, 1, "RETURNED")
    assert await _ended(admin, await _delete(system, customer)) == "COMPLETED"
    assert await _living(rep, customer) == (0, 0, "CANCELLED")
    await _invariants_hold(system)


async def test_a_handover_ends_well_though_the_worker_dies_at_every_step(
    system: System, workers: WorkerProcesses
) -> None:
    admin, rep = system.people["admin"], system.people["rep"]
    leaver = await system.person("leaver", Role.REP, Role.APPROVER, manager=system.people["manager"])
    customer = await _customer(leaver, system.people["approver"])
    waiting = await _made(rep, "/approvals", {"kind": "OTHER", "title": "引継ぎ", "approverId": str(leaver.id)})
    successors = f"customersTo={rep.id}&activitiesTo={rep.id}&approvalsTo={system.people['approver'].id}"
    answer = await admin.ask("DELETE", f"/auth/users/{leaver.id}?{successors}")
    assert answer.status == 202, answer.json
    for step in HANDOVER:
        await workers.start_and_die(f"{step}.committed:1")
    workers.start()
    assert await _ended(admin, answer.json) == "COMPLETED"
    owned, decided = await asyncio.gather(
        rep.get(f"/customers/{customer['id']}"),
        system.people["approver"].ask("PATCH", f"/approvals/{waiting['id']}/approve", {"comment": "承認"}),
    )
    assert (owned.json["assignedSalesId"], decided.status) == (str(rep.id), 200), (owned.json, decided.json)
    await _invariants_hold(system)
