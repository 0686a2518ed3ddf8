"""What the deletion and the restoration of a customer do with approval requests."""

from typing import Any
from uuid import UUID

import pytest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from services.contracts.processes import approval_id
from services.contracts.steps import ProcessStep, RestoreStep
from services.kit.running.ids import new_id
from tests.services.opportunity.world import Person, World
from tests.support.waiting import eventually


class Deletion:
    """The opportunity steps of a customer's deletion, in the order of the workflow."""

    def __init__(self, world: World, customer_id: UUID) -> None:
        self.world = world
        self.step = ProcessStep(process_id=new_id(), resource_id=customer_id, actor_id=new_id())
        self._sequence = 0

    def _call(self) -> ProcessStep:
        self._sequence += 1
        return self.step.model_copy(update={"sequence": self._sequence})

    async def hold(self) -> int:
        fenced = await self.world.run(self.world.steps.fence_customer, self._call())
        held = await self.world.run(self.world.steps.hold_approvals, self._call())
        assert held.remaining == 0
        assert (await self.world.run(self.world.steps.sweep_customer, self._call())).found == 0
        assert fenced.remaining == held.done
        return held.done

    async def release(self) -> None:
        assert (await self.world.run(self.world.steps.release_approvals, self._call())).remaining == 0
        await self.world.run(self.world.steps.unfence_customer, self._call())

    async def cancel(self) -> int:
        cancelled = await self.world.run(self.world.steps.cancel_approvals, self._call())
        assert cancelled.remaining == 0
        return cancelled.done

    def restoration(self) -> RestoreStep:
        return RestoreStep(
            process_id=new_id(),
            resource_id=self.step.resource_id,
            actor_id=self.step.actor_id,
            deletion_process_id=self.step.process_id,
        )


@pytest.fixture
async def cast(live: World) -> tuple[Person, Person, UUID]:
    rep, approver = await live.person("rep"), await live.person("approver")
    return rep, approver, await live.customer(rep)


async def _three(live: World, cast: tuple[Person, Person, UUID]) -> list[dict[str, Any]]:
    """One pending, one returned, one draft."""
    rep, approver, customer_id = cast
    pending = await live.request(rep, approver, customerId=customer_id)
    returned = await live.request(rep, approver, customerId=customer_id)
    assert (await live.act(approver, returned, "return", comment="不足")).status == 200
    return [pending, returned, await live.request(rep, approver, customerId=customer_id, draft=True)]


async def _ledger(live: World, request: dict[str, Any]) -> list[tuple[str, str]]:
    """Of the newest process: its status and that of each step."""
    rows = await live.rows(
        "SELECT p.status AS process, s.status AS step FROM approvals a JOIN processes p ON p.id = a.process_id"
        " JOIN process_steps s ON s.process_id = p.id WHERE a.id = %s ORDER BY s.position",
        [request["id"]],
    )
    return [(row["process"], row["step"]) for row in rows]


async def test_held_requests_wait_for_nobody_and_come_back_exactly_as_they_were(
    live: World, cast: tuple[Person, Person, UUID]
) -> None:
    rep, approver, customer_id = cast
    requests = await _three(live, cast)
    deletion = Deletion(live, customer_id)
    assert await deletion.hold() == 3
    assert [(await live.get(rep, request))["state"] for request in requests] == ["ON_HOLD"] * 3
    refused = await live.act(approver, requests[0], "approve")
    assert (refused.status, refused.json["code"]) == (409, "blocked_by_process")
    assert refused.json["processId"] == str(deletion.step.process_id)
    late = await live.create(rep, customerId=customer_id, approverId=approver.id)
    assert (late.status, late.json["processId"]) == (409, str(deletion.step.process_id))
    await deletion.release()
    assert [(await live.get(rep, request))["state"] for request in requests] == ["PENDING", "RETURNED", "DRAFT"]
    assert (await live.act(approver, requests[0], "approve")).json["state"] == "APPROVED"


async def test_after_the_pivot_held_requests_are_cancelled_and_their_workflows_end(
    live: World, temporal: Client, cast: tuple[Person, Person, UUID]
) -> None:
    rep, _, customer_id = cast
    requests = await _three(live, cast)
    deletion = Deletion(live, customer_id)
    await deletion.hold()
    assert await deletion.cancel() == 3
    assert [(await live.get(rep, request))["state"] for request in requests] == ["CANCELLED"] * 3
    result = await temporal.get_workflow_handle(approval_id(requests[0]["id"], 1)).result()
    assert result["state"] == "CANCELLED"


async def test_a_restored_request_is_a_new_generation_that_its_owner_can_submit_again(
    live: World, cast: tuple[Person, Person, UUID]
) -> None:
    rep, approver, customer_id = cast
    requests = await _three(live, cast)
    deletion = Deletion(live, customer_id)
    await deletion.hold()
    await deletion.cancel()
    restoration = deletion.restoration()
    restored = await live.run(live.steps.restore_approvals, restoration)
    assert (restored.done, restored.remaining) == (3, 0)
    again = await live.run(live.steps.restore_approvals, restoration)
    assert (again.done, again.remaining) == (3, 0)
    shown = [await live.get(rep, request) for request in requests]
    assert [(one["state"], one["generation"]) for one in shown] == [("RETURNED", 2), ("RETURNED", 2), ("DRAFT", 1)]
    early = await live.act(rep, requests[0], "resubmit")
    assert (early.status, early.json["code"]) == (409, "blocked_by_process")
    await live.run(live.steps.unfence_customer, deletion.step)
    assert await _ledger(live, requests[0]) == [("REQUESTED", "PLANNED")]
    assert (await live.act(rep, requests[0], "resubmit")).json["state"] == "PENDING"
    assert await _ledger(live, requests[0]) == [("RUNNING", "RUNNING")]
    assert (await live.act(approver, requests[0], "approve")).json["state"] == "APPROVED"
    assert await _ledger(live, requests[0]) == [("COMPLETED", "DONE")]
    history = await live.history(rep, requests[0])
    assert [entry["action"] for entry in history] == ["SUBMIT", "HOLD", "CANCEL", "RESTORE", "RESUBMIT", "APPROVE"]


async def test_an_undone_restoration_cancels_again_and_can_be_repeated(
    live: World, temporal: Client, cast: tuple[Person, Person, UUID]
) -> None:
    rep, _, customer_id = cast
    requests = await _three(live, cast)
    deletion = Deletion(live, customer_id)
    await deletion.hold()
    await deletion.cancel()
    restoration = deletion.restoration()
    await live.run(live.steps.restore_approvals, restoration)
    undone = await live.run(live.steps.recancel_approvals, restoration)
    assert (undone.done, undone.remaining) == (3, 0)
    assert [(await live.get(rep, request))["state"] for request in requests] == ["CANCELLED"] * 3

    async def ended() -> bool:
        try:
            description = await temporal.get_workflow_handle(approval_id(requests[0]["id"], 2)).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False  # the relay has not started it yet
            raise
        return description.status is not None and description.status.name == "COMPLETED"

    await eventually(ended)
    second = deletion.restoration()
    await live.run(live.steps.restore_approvals, second)
    shown = [await live.get(rep, request) for request in requests]
    assert [(one["state"], one["generation"]) for one in shown] == [("RETURNED", 3), ("RETURNED", 3), ("DRAFT", 1)]


async def test_a_request_that_was_decided_before_the_hold_stays_decided(
    live: World, cast: tuple[Person, Person, UUID]
) -> None:
    rep, approver, customer_id = cast
    request = await live.request(rep, approver, customerId=customer_id)
    assert (await live.act(approver, request, "approve")).status == 200
    deletion = Deletion(live, customer_id)
    assert await deletion.hold() == 0
    assert (await live.get(rep, request))["state"] == "APPROVED"
