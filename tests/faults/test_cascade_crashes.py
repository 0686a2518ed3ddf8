"""The worker is killed (-9) at every step boundary of a customer's cascade, and the next one goes on from there.

One process outlives them all: each worker dies where the next boundary is. `begins`: the step was handed out and has
done nothing. `committed`: its transaction stands, and Temporal has not heard of it.
"""

from typing import Any

from tests.faults.scenarios import (
    ALIVE,
    GONE,
    asked,
    customer_with_work,
    delete_customer,
    ended,
    invariants_hold,
    living,
    workflow_of,
)
from tests.faults.worker import WorkerProcesses
from tests.support.system import System

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
DELETION_UNDONE = (
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
RESTORATION_UNDONE = (
    "sales_activity.rehide_activities",
    "opportunity.recancel_approvals",
    "customer.undo_restoration",
)
LEDGER = ("ledger.load_process", "ledger.record_step", "ledger.record_status", "ledger.turn_back")
"""Written by local activities, of which one commit each is enough: the next worker waits for the task's timeout."""


async def _deleted(system: System, workers: WorkerProcesses) -> dict[str, Any]:
    """A customer whose deletion nothing disturbed."""
    customer = await customer_with_work(system.people["rep"], system.people["approver"])
    worker = workers.start()
    assert await ended(system.people["admin"], await delete_customer(system, customer)) == "COMPLETED"
    worker.kill()
    return customer


async def _restore(system: System, customer: dict[str, Any]) -> dict[str, Any]:
    return await asked(system.people["admin"], "POST", f"/customers/{customer['id']}/restore", {})


async def test_a_deletion_ends_well_though_the_worker_dies_around_every_step(
    system: System, workers: WorkerProcesses
) -> None:
    rep = system.people["rep"]
    customer = await customer_with_work(rep, system.people["approver"])
    process = await delete_customer(system, customer)
    loading, opening, closing, _turning = LEDGER
    await workers.start_and_die(f"{loading}.committed:1")
    await workers.start_and_die(f"{opening}.committed:1")
    await workers.die_around(*DELETION)
    await workers.start_and_die(f"{closing}.committed:1")
    workers.start()
    assert await ended(system.people["manager"], process) == "COMPLETED"
    assert await living(rep, customer) == (GONE, "CANCELLED")
    await invariants_hold(system)


async def test_a_cancelled_deletion_gives_everything_back_though_the_worker_dies_around_every_undo(
    system: System, workers: WorkerProcesses
) -> None:
    rep = system.people["rep"]
    customer = await customer_with_work(rep, system.people["approver"])
    process = await delete_customer(system, customer)
    await workers.start_and_die("sales_activity.hide_activities.committed:1")
    await (await workflow_of(system, "customer", process)).cancel()
    await workers.start_and_die("ledger.turn_back.committed:1")
    await workers.die_around(*DELETION_UNDONE)
    workers.start()
    assert await ended(system.people["manager"], process) == "COMPENSATED"
    assert await living(rep, customer) == (ALIVE, "PENDING")
    await invariants_hold(system)


async def test_a_restoration_ends_well_though_the_worker_dies_around_every_step_and_the_customer_can_go_again(
    system: System, workers: WorkerProcesses
) -> None:
    rep, admin = system.people["rep"], system.people["admin"]
    customer = await _deleted(system, workers)
    process = await _restore(system, customer)
    await workers.die_around(*RESTORATION)
    workers.start()
    assert await ended(admin, process) == "COMPLETED"
    assert await living(rep, customer) == (ALIVE, "RETURNED")
    assert await ended(admin, await delete_customer(system, customer)) == "COMPLETED"
    assert await living(rep, customer) == (GONE, "CANCELLED")
    await invariants_hold(system)


async def test_a_cancelled_restoration_hides_everything_again_though_the_worker_dies_around_every_undo(
    system: System, workers: WorkerProcesses
) -> None:
    rep, admin = system.people["rep"], system.people["admin"]
    customer = await _deleted(system, workers)
    process = await _restore(system, customer)
    await workers.start_and_die("sales_activity.restore_activities.committed:1")
    await (await workflow_of(system, "customer", process)).cancel()
    await workers.die_around(*RESTORATION_UNDONE)
    workers.start()
    assert await ended(admin, process) == "COMPENSATED"
    assert await living(rep, customer) == (GONE, "CANCELLED")
    # What was hidden again carries the id of the deletion, so that the next restoration finds it.
    assert await ended(admin, await _restore(system, customer)) == "COMPLETED"
    assert await living(rep, customer) == (ALIVE, "RETURNED")
    await invariants_hold(system)
