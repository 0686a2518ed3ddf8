"""Restoring a customer: all that its deletion took comes back with it, or all of it stays where it was."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from services.contracts.processes import CustomerRestorationStep as Step
from services.kit.processes.failures import problem_in
from services.kit.processes.statuses import ProcessStatus, StepStatus
from tests.support.waiting import eventually
from tests.workflows.running import (
    AFTER_RESTORATION,
    FORWARD_RESTORATION,
    UNDOS_OF_RESTORATION,
    Handle,
    compensate,
    everywhere,
    outcome,
    place,
    retry,
    start_restoration,
)
from tests.workflows.world import World
from workflows import policies

pytestmark = pytest.mark.usefixtures("impatience")

PIVOT = "customer.confirm_restoration#0"


def assert_restored(world: World) -> None:
    assert world.state == "ACTIVE"
    assert {held.state for held in world.approvals} <= {"RETURNED"}
    assert {held.state for held in world.activities} <= {"LIVE"}
    assert set(world.fences.values()) == {None}
    assert world.statuses[-1] is ProcessStatus.COMPLETED
    assert {record.status for record in world.steps.values()} == {StepStatus.DONE}


def assert_still_deleted(world: World, before: tuple[Any, ...]) -> None:
    assert world.state == "DELETED"
    assert world.picture() == before
    assert world.statuses[-1] is ProcessStatus.COMPENSATED
    assert {record.status for record in world.steps.values()} == {StepStatus.UNDONE}


async def test_everything_comes_back_before_the_fences_fall(customer_processes: Client) -> None:
    world = World.to_restore()
    assert await outcome(await start_restoration(customer_processes, world)) == (ProcessStatus.COMPLETED, None)
    assert_restored(world)
    assert world.calls == [
        *["opportunity.restore_approvals"] * 2,
        *["sales_activity.restore_activities"] * 3,
        "customer.confirm_restoration",
        "opportunity.unfence_customer",
        "sales_activity.unfence_customer",
    ]
    assert (world.steps[Step.REVEAL_ACTIVITIES].done, world.steps[Step.REVEAL_ACTIVITIES].total) == (5, 5)


async def test_a_refusal_before_the_pivot_hides_everything_again(customer_processes: Client) -> None:
    async def at(position: str) -> None:
        world = World.to_restore()
        before = world.picture()
        name, number = place(position)
        world.fault(name, at=number, refusal=True)
        handle = await start_restoration(customer_processes, world)
        assert await outcome(handle) == (ProcessStatus.COMPENSATED, "injected")
        assert_still_deleted(world, before)

    await everywhere([*FORWARD_RESTORATION, PIVOT], at)


@pytest.mark.parametrize("lost", [False, True], ids=["before its effect", "after its effect"])
async def test_a_step_that_never_answers_hides_everything_again(customer_processes: Client, lost: bool) -> None:
    async def at(position: str) -> None:
        world = World.to_restore()
        before = world.picture()
        name, number = place(position)
        world.fault(name, at=number, refusal=False, lost=lost)
        handle = await start_restoration(customer_processes, world)
        assert await outcome(handle) == (ProcessStatus.COMPENSATED, "DatabaseAwayError")
        assert_still_deleted(world, before)

    await everywhere(FORWARD_RESTORATION, at)


@pytest.mark.parametrize("how", ["cancel", "compensate"])
async def test_a_stop_before_the_pivot_hides_everything_again(customer_processes: Client, how: str) -> None:
    async def at(position: str) -> None:
        world = World.to_restore()
        before = world.picture()
        started: asyncio.Future[Handle] = asyncio.get_running_loop().create_future()

        async def stop() -> None:
            handle = await started
            await (handle.cancel() if how == "cancel" else compensate(handle))

        world.hooks[position] = stop
        handle = await start_restoration(customer_processes, world)
        started.set_result(handle)
        assert await outcome(handle) == (ProcessStatus.COMPENSATED, "compensation_requested")
        assert_still_deleted(world, before)

    await everywhere(FORWARD_RESTORATION, at)


async def test_an_undo_that_fails_is_insisted_upon(customer_processes: Client) -> None:
    async def at(position: str) -> None:
        world = World.to_restore()
        before = world.picture()
        world.fault("customer.confirm_restoration", refusal=True)
        name, number = place(position)
        world.fault(name, at=number, refusal=True, until_attention=True)
        assert (await outcome(await start_restoration(customer_processes, world)))[0] is ProcessStatus.COMPENSATED
        assert_still_deleted(world, before)
        assert world.asked_for_attention

    await everywhere(UNDOS_OF_RESTORATION, at)


async def test_after_the_pivot_the_fences_fall_whatever_happens(
    customer_processes: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "ATTENTION_PAUSE", timedelta(hours=1))

    async def at(position: str) -> None:
        world = World.to_restore()
        name, number = place(position)
        world.fault(name, at=number, refusal=True)
        handle = await start_restoration(customer_processes, world)
        await eventually(lambda: world.asked_for_attention)
        with pytest.raises(WorkflowUpdateFailedError) as refusal:
            await compensate(handle)
        problem = problem_in(refusal.value)
        assert problem is not None
        assert (problem.status, problem.code) == (409, "past_pivot")
        await handle.cancel()
        world.faults.clear()
        await retry(handle)
        assert await outcome(handle) == (ProcessStatus.COMPLETED, None)
        assert_restored(world)

    await everywhere(AFTER_RESTORATION, at)
