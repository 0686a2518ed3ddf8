"""The worker is killed (-9) around a bulk decision: every request is decided once, and every item says so."""

from typing import Any

from activities.opportunity.handlers import DECIDED
from tests.faults.scenarios import asked, ended, invariants_hold, request_to
from tests.faults.worker import WorkerProcesses
from tests.support.system import System

STEPS = ("opportunity.decide_items",)
REQUESTS = 12


async def _begun(system: System) -> dict[str, Any]:
    rep, approver = system.people["rep"], system.people["approver"]
    made = [await asked(rep, "POST", "/approvals", request_to(approver)) for _ in range(REQUESTS)]
    items = [{"id": request["id"], "revision": 1, "stage": 0} for request in made]
    wish = {"decision": "REJECT", "comment": "条件を満たしません", "items": items}
    return await asked(approver, "POST", "/approvals/bulk-decisions", wish)


async def _each_is_decided_once(system: System, batch: dict[str, Any]) -> None:
    approver = system.people["approver"]
    assert await ended(approver, {"sagaId": batch["processId"]}) == "COMPLETED"
    shown = await asked(approver, "GET", f"/approvals/bulk-decisions/{batch['id']}")
    assert (shown["state"], shown["counts"]["decided"]) == ("FINISHED", REQUESTS), shown
    rows = await system.rows(
        "opportunity",
        "SELECT count(*) AS n, count(DISTINCT approval_id) AS requests FROM approval_history"
        " WHERE process_id = %s AND action = 'REJECT'",
        [batch["processId"]],
    )
    assert rows == [{"n": REQUESTS, "requests": REQUESTS}]
    await invariants_hold(system)


async def test_a_bulk_decision_goes_on_though_the_worker_dies_around_its_step(
    system: System, workers: WorkerProcesses
) -> None:
    batch = await _begun(system)
    await workers.die_around(*STEPS)
    workers.start()
    await _each_is_decided_once(system, batch)


async def test_a_bulk_decision_goes_on_though_the_worker_dies_half_way(
    system: System, workers: WorkerProcesses
) -> None:
    batch = await _begun(system)
    await workers.start_and_die(f"{DECIDED}:{REQUESTS // 2}")
    workers.start()
    await _each_is_decided_once(system, batch)
