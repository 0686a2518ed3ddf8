"""The worker is killed (-9) at every step boundary of a user's deletion and of what takes it back."""

from typing import Any

from services.contracts.permissions import Role
from tests.faults.scenarios import (
    asked,
    customer_with_work,
    ended,
    invariants_hold,
    possessions,
    request_to,
    workflow_of,
)
from tests.faults.worker import WorkerProcesses
from tests.support.system import Caller, System

HANDOVER = (
    "customer.fence_user",
    "sales_activity.fence_user",
    "opportunity.fence_user",
    "customer.reassign_customers",
    "sales_activity.reassign_activities",
    "opportunity.reassign_approvals",
    "auth.reassign_reports",
    "customer.sweep_user",
    "sales_activity.sweep_user",
    "opportunity.sweep_user",
    "auth.confirm_deletion",
)
HANDOVER_UNDONE = (
    "auth.return_reports",
    "opportunity.return_approvals",
    "sales_activity.return_activities",
    "customer.return_customers",
    "opportunity.unfence_user",
    "sales_activity.unfence_user",
    "customer.unfence_user",
    "auth.undo_deletion",
)
RETURN = (
    "auth.confirm_restoration",
    "customer.unfence_user",
    "customer.return_customers",
    "sales_activity.unfence_user",
    "sales_activity.return_activities",
    "opportunity.unfence_user",
    "opportunity.return_approvals",
    "auth.return_reports",
)
RETURN_UNDONE = ("auth.undo_restoration",)


async def _leaver(system: System, name: str) -> Caller:
    """Somebody with a customer, tasks, a meeting, a request of their own, one to decide, and somebody to lead."""
    leaver = await system.person(name, Role.REP, Role.APPROVER, manager=system.people["manager"])
    await system.person(f"{name}-junior", Role.REP, manager=leaver)
    await customer_with_work(leaver, system.people["approver"])
    await asked(system.people["rep"], "POST", "/approvals", request_to(leaver))
    return leaver


async def _delete(system: System, leaver: Caller) -> dict[str, Any]:
    rep, approver = system.people["rep"], system.people["approver"]
    successors = f"customersTo={rep.id}&activitiesTo={rep.id}&approvalsTo={approver.id}"
    return await asked(system.people["admin"], "DELETE", f"/auth/users/{leaver.id}?{successors}")


async def _restore(system: System, leaver: Caller) -> dict[str, Any]:
    return await asked(system.people["admin"], "POST", f"/auth/users/{leaver.id}/restore")


async def _state(system: System, user: Caller) -> str:
    state: str = (await asked(system.people["admin"], "GET", f"/auth/users/{user.id}"))["state"]
    return state


async def test_a_leaver_hands_over_everything_and_gets_it_back_though_the_worker_dies_around_every_step(
    system: System, workers: WorkerProcesses
) -> None:
    admin = system.people["admin"]
    leaver = await _leaver(system, "leaver")
    before = await possessions(system, leaver.id)
    assert all(before), "nothing of some kind would be handed over"
    process = await _delete(system, leaver)
    await workers.die_around(*HANDOVER)
    last = workers.start()
    assert await ended(admin, process) == "COMPLETED"
    assert (await _state(system, leaver), await possessions(system, leaver.id)) == ("DELETED", [[]] * len(before))
    await invariants_hold(system)
    last.kill()
    process = await _restore(system, leaver)
    await workers.die_around(*RETURN)
    workers.start()
    assert await ended(admin, process) == "COMPLETED"
    assert (await _state(system, leaver), await possessions(system, leaver.id)) == ("ACTIVE", before)
    await invariants_hold(system)


async def test_a_cancelled_handover_gives_everything_back_though_the_worker_dies_around_every_undo(
    system: System, workers: WorkerProcesses
) -> None:
    stayer = await _leaver(system, "stayer")
    before = await possessions(system, stayer.id)
    process = await _delete(system, stayer)
    await workers.start_and_die("auth.reassign_reports.committed:1")
    assert await possessions(system, stayer.id) == [[]] * len(before)
    await (await workflow_of(system, "auth", process)).cancel()
    await workers.die_around(*HANDOVER_UNDONE)
    workers.start()
    assert await ended(system.people["admin"], process) == "COMPENSATED"
    assert (await _state(system, stayer), await possessions(system, stayer.id)) == ("ACTIVE", before)
    await invariants_hold(system)


async def test_a_return_that_is_cancelled_leaves_the_user_deleted_and_free_to_return_later(
    system: System, workers: WorkerProcesses
) -> None:
    admin = system.people["admin"]
    leaver = await _leaver(system, "hesitant")
    before = await possessions(system, leaver.id)
    first = workers.start()
    assert await ended(admin, await _delete(system, leaver)) == "COMPLETED"
    first.kill()
    process = await _restore(system, leaver)
    await workers.start_and_die("ledger.record_step.committed:1")
    await (await workflow_of(system, "auth", process)).cancel()
    await workers.die_around(*RETURN_UNDONE)
    workers.start()
    assert await ended(admin, process) == "COMPENSATED"
    assert await _state(system, leaver) == "DELETED"
    assert await ended(admin, await _restore(system, leaver)) == "COMPLETED"
    assert (await _state(system, leaver), await possessions(system, leaver.id)) == ("ACTIVE", before)
    await invariants_hold(system)
