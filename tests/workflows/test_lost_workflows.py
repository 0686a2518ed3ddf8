"""A process outlives its workflow: terminated, forgotten or failed, it goes on, and its fences fall at its end."""

from typing import Any
from uuid import UUID

import pytest
from temporalio import workflow
from temporalio.client import Client, WorkflowFailureError
from temporalio.exceptions import ApplicationError
from temporalio.testing import ActivityEnvironment
from temporalio.worker import UnsandboxedWorkflowRunner, Worker

from activities.ledger.handlers import LedgerActivities
from services.contracts.processes import UserDeletionStep
from services.kit.processes import intents
from services.kit.processes.reconciling import MOST_RESTARTS
from services.kit.running.context import ActorContext
from tests.services.auth.conftest import AuthWorld, Person
from tests.support.http import Answer, new_key
from tests.support.waiting import eventually
from tests.workflows.test_user_deletion import admin, delete, ended, fakes, steps, successor, world
from tests.workflows.user_world import WORK, FakeServices

__all__ = ["admin", "fakes", "successor", "world"]


async def _rows(world: AuthWorld, statement: str, *params: Any) -> list[dict[str, Any]]:
    async with world.client.kit.db.reader() as reader:
        return await reader.all(statement, list(params))


async def _process(world: AuthWorld, process_id: str) -> dict[str, Any]:
    [row] = await _rows(world, "SELECT * FROM processes WHERE id = %s", UUID(process_id))
    return row


async def _stalled(world: AuthWorld, admin: Person, leaver: Person, successor: Person, fakes: FakeServices) -> str:
    """A deletion that stands before its fourth step."""
    fakes.give(leaver.id, 5)
    fakes.stalls.add("opportunity.reassign_approvals")
    process_id: str = (await delete(world, admin, leaver, successor)).json["sagaId"]

    async def tried() -> bool:
        return fakes.calls["opportunity.reassign_approvals"] > 0

    await eventually(tried)
    return process_id


async def _terminate(world: AuthWorld, temporal: Client, process_id: str) -> None:
    """And wait until Temporal lists it no longer as running: its visibility is behind by moments, and a reconciliation
    that looks in between leaves the process to the next one."""
    workflow_id = (await _process(world, process_id))["workflow_id"]
    await temporal.get_workflow_handle(workflow_id).terminate("by hand")

    async def listed_as_ended() -> bool:
        query = f"WorkflowId = '{workflow_id}' AND ExecutionStatus = 'Running'"
        return [execution async for execution in temporal.list_workflows(query)] == []

    await eventually(listed_as_ended)


async def _ask(world: AuthWorld, admin: Person, process_id: str, action: str) -> Answer:
    headers = {"idempotency-key": new_key()}
    return await world.client.post(f"/processes/{process_id}/{action}", token=admin.token, json={}, headers=headers)


async def _reconcile(world: AuthWorld, temporal: Client) -> int:
    ledger = LedgerActivities(world.client.kit.db, temporal)
    return (await ActivityEnvironment().run(ledger.reconcile_processes)).found


async def test_a_terminated_deletion_is_started_again_and_ends_as_if_nothing_had_been(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices, temporal: Client
) -> None:
    leaver = await world.person()
    process_id = await _stalled(world, admin, leaver, successor, fakes)
    assert await _reconcile(world, temporal) == 0
    await _terminate(world, temporal, process_id)
    fakes.stalls.clear()
    assert await _reconcile(world, temporal) == 1
    saga = await ended(world, admin, process_id)
    assert (saga["status"], steps(saga)) == ("COMPLETED", {str(step): "DONE" for step in UserDeletionStep})
    assert all(fakes.owned(service, successor.id) == 5 and not fakes.owned(service, leaver.id) for service in WORK)
    assert (await world.user(leaver))["state"] == "DELETED"
    assert await _reconcile(world, temporal) == 0
    [entry] = await _rows(world, "SELECT detail FROM audit_entries WHERE action = 'process.restart'")
    assert entry["detail"]["was"] == "TERMINATED"


async def test_a_deletion_that_was_lost_while_it_was_undone_goes_on_with_the_undo(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices, temporal: Client
) -> None:
    leaver = await world.person()
    process_id = await _stalled(world, admin, leaver, successor, fakes)
    fakes.stalls.add("sales_activity.return_activities")
    answer = await _ask(world, admin, process_id, "compensate")
    assert answer.status == 200, answer.json

    async def undoing() -> bool:
        return fakes.calls["sales_activity.return_activities"] > 0

    await eventually(undoing)
    await _terminate(world, temporal, process_id)
    fakes.stalls.clear()
    assert await _reconcile(world, temporal) == 1
    saga = await ended(world, admin, process_id)
    assert (saga["status"], saga["detail"]) == ("COMPENSATED", "compensation_requested")
    assert all(fakes.owned(service, leaver.id) == 5 and not fakes.owned(service, successor.id) for service in WORK)
    assert fakes.fenced == set()
    assert (await world.user(leaver))["state"] == "ACTIVE"


@pytest.mark.parametrize(("action", "status"), [("retry", "COMPLETED"), ("compensate", "COMPENSATED")])
async def test_an_operator_helps_a_process_whose_workflow_is_lost(
    world: AuthWorld,
    admin: Person,
    successor: Person,
    fakes: FakeServices,
    temporal: Client,
    action: str,
    status: str,
) -> None:
    leaver = await world.person()
    process_id = await _stalled(world, admin, leaver, successor, fakes)
    await _terminate(world, temporal, process_id)
    fakes.stalls.clear()
    answer = await _ask(world, admin, process_id, action)
    assert answer.status == 200, answer.json
    assert (await ended(world, admin, process_id))["status"] == status
    keeper = leaver if status == "COMPENSATED" else successor
    assert all(fakes.owned(service, keeper.id) == 5 for service in WORK)


async def test_what_has_been_decided_is_not_undone_though_its_workflow_is_lost(
    world: AuthWorld, admin: Person, fakes: FakeServices, successor: Person, temporal: Client
) -> None:
    leaver = await world.person()
    fakes.give(leaver.id, 3)
    deleted = (await delete(world, admin, leaver, successor)).json["sagaId"]
    assert (await ended(world, admin, deleted))["status"] == "COMPLETED"
    fakes.stalls.add("sales_activity.return_activities")
    answer = await world.client.post(
        f"/auth/users/{leaver.id}/restore", token=admin.token, json={}, headers={"idempotency-key": new_key()}
    )
    process_id = answer.json["sagaId"]

    async def giving_back() -> bool:
        return fakes.calls["sales_activity.return_activities"] > 0

    await eventually(giving_back)
    await _terminate(world, temporal, process_id)
    refused = await _ask(world, admin, process_id, "compensate")
    assert (refused.status, refused.json["code"]) == (409, "past_pivot")
    fakes.stalls.clear()
    assert await _reconcile(world, temporal) == 1
    assert (await ended(world, admin, process_id))["status"] == "COMPLETED"
    assert all(fakes.owned(service, leaver.id) == 3 for service in WORK)


@workflow.defn(name="user_deletion")
class Defective:
    @workflow.run
    async def run(self, _request: Any) -> None:
        raise ApplicationError("a defect")


async def test_a_workflow_that_fails_each_time_is_shown_and_a_person_may_try_again(
    world: AuthWorld, admin: Person, successor: Person, fakes: FakeServices, temporal: Client
) -> None:
    leaver = await world.person()
    process_id = await _stalled(world, admin, leaver, successor, fakes)
    await _terminate(world, temporal, process_id)
    runner, queue = UnsandboxedWorkflowRunner(), f"defective-{process_id}"
    async with Worker(temporal, task_queue=queue, workflows=[Defective], workflow_runner=runner):
        workflow_id = (await _process(world, process_id))["workflow_id"]
        failing = await temporal.start_workflow("user_deletion", {}, id=workflow_id, task_queue=queue)
        with pytest.raises(WorkflowFailureError):
            await failing.result()
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute("UPDATE processes SET restarts = %s WHERE id = %s", [MOST_RESTARTS, UUID(process_id)])
    fakes.stalls.clear()
    assert await _reconcile(world, temporal) == 1
    shown = await ended(world, admin, process_id)
    assert (shown["status"], shown["detail"]) == ("NEEDS_ATTENTION", "workflow_failed")
    assert await _reconcile(world, temporal) == 0
    assert (await _ask(world, admin, process_id, "retry")).status == 200

    async def completed() -> bool:
        return (await _process(world, process_id))["status"] == "COMPLETED"

    await eventually(completed)


async def test_what_the_relay_is_about_to_start_is_not_started_twice(world: AuthWorld, temporal: Client) -> None:
    process_id = UUID(int=7)
    async with world.client.kit.db.transaction(ActorContext.system()) as uow:
        await uow.execute(
            "INSERT INTO processes (id, workflow_id, type, resource_id, status, started_at, start)"
            " VALUES (%s, 'kit:late', 'user_deletion', %s, 'REQUESTED', now(), '{}')",
            [process_id, process_id],
        )
        await intents.start_again(uow, "kit:late", {})
        await uow.execute("UPDATE intents SET next_attempt_at = 'infinity' WHERE workflow_id = 'kit:late'")
    assert await _reconcile(world, temporal) == 0
