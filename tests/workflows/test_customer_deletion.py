"""Deleting a customer: whatever fails wherever, it is gone with all that belongs to it, or everything is as it was."""

import asyncio
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from temporalio.client import Client, WorkflowUpdateFailedError

from activities.ledger.contract import StepRecord
from services.contracts.processes import CustomerDeletionStep as Step
from services.kit.processes.failures import problem_in
from services.kit.processes.search_attributes import PROCESS_STATUS
from services.kit.processes.statuses import ProcessStatus, StepStatus
from tests.support.waiting import eventually
from tests.workflows.running import (
    AFTER_DELETION,
    FORWARD_DELETION,
    UNDOS_OF_DELETION,
    Handle,
    compensate,
    everywhere,
    outcome,
    place,
    retry,
    start_deletion,
)
from tests.workflows.world import Held, World
from workflows import policies

pytestmark = pytest.mark.usefixtures("impatience")

PIVOT = "customer.confirm_deletion#0"


def assert_deleted(world: World) -> None:
    assert world.state == "DELETED"
    assert {held.state for held in world.approvals} <= {"CANCELLED"}
    assert {(held.state, held.by) for held in world.activities} <= {("HIDDEN", world.process_id)}
    assert set(world.fences.values()) == {world.process_id}
    assert world.statuses[-1] is ProcessStatus.COMPLETED
    assert {record.status for record in world.steps.values()} == {StepStatus.DONE}


def assert_as_it_was(world: World, before: tuple[Any, ...]) -> None:
    assert world.state == "ACTIVE"
    assert world.picture() == before
    assert world.statuses[-1] is ProcessStatus.COMPENSATED
    assert {record.status for record in world.steps.values()} == {StepStatus.UNDONE}


async def test_everything_goes_with_the_customer_in_order(customer_processes: Client) -> None:
    world = World.to_delete(approvals=3, activities=5)
    handle = await start_deletion(customer_processes, world)
    assert await outcome(handle) == (ProcessStatus.COMPLETED, None)
    assert_deleted(world)
    assert world.calls == [
        "opportunity.fence_customer",
        *["opportunity.hold_approvals"] * 2,
        "sales_activity.fence_customer",
        *["sales_activity.hide_activities"] * 3,
        "opportunity.sweep_customer",
        "sales_activity.sweep_customer",
        "customer.confirm_deletion",
        *["opportunity.cancel_approvals"] * 2,
    ]
    counts = {name: (record.done, record.total) for name, record in world.steps.items()}
    assert counts[Step.HOLD_APPROVALS] == (3, 3)
    assert counts[Step.HIDE_ACTIVITIES] == (5, 5)
    assert counts[Step.CANCEL_APPROVALS] == (3, 3)


async def test_a_customer_with_nothing_goes_too(customer_processes: Client) -> None:
    world = World.to_delete(approvals=0, activities=0)
    assert await outcome(await start_deletion(customer_processes, world)) == (ProcessStatus.COMPLETED, None)
    assert_deleted(world)


async def test_operators_can_read_it_in_the_temporal_ui(customer_processes: Client) -> None:
    world = World.to_delete()
    handle = await start_deletion(customer_processes, world)
    await outcome(handle)
    described = await handle.describe()
    assert described.typed_search_attributes[PROCESS_STATUS] == "COMPLETED"
    metadata = await handle.query("__temporal_workflow_metadata")
    assert "| ✓ | hide_activities | DONE | 5 / 5 |" in metadata.current_details


async def test_a_large_customer_moves_in_slices_with_visible_progress(customer_processes: Client) -> None:
    world = World.to_delete(approvals=10, activities=10_000, slice_size=500)
    handle = await start_deletion(customer_processes, world)
    assert (await outcome(handle))[0] is ProcessStatus.COMPLETED
    assert_deleted(world)
    seen = [record.done for record in world.records if record.step == Step.HIDE_ACTIVITIES and record.done]
    assert seen == list(range(500, 10_001, 500))
    history = await handle.fetch_history()
    assert len(history.events) < 500


async def test_a_refusal_before_the_pivot_undoes_everything(customer_processes: Client) -> None:
    async def at(position: str) -> None:
        world = World.to_delete()
        before = world.picture()
        name, number = place(position)
        world.fault(name, at=number, refusal=True)
        assert await outcome(await start_deletion(customer_processes, world)) == (ProcessStatus.COMPENSATED, "injected")
        assert_as_it_was(world, before)

    await everywhere([*FORWARD_DELETION, PIVOT], at)


@pytest.mark.parametrize("lost", [False, True], ids=["before its effect", "after its effect"])
async def test_a_step_that_never_answers_before_the_pivot_undoes_everything(
    customer_processes: Client, lost: bool
) -> None:
    async def at(position: str) -> None:
        world = World.to_delete()
        before = world.picture()
        name, number = place(position)
        world.fault(name, at=number, refusal=False, lost=lost)
        handle = await start_deletion(customer_processes, world)
        assert await outcome(handle) == (ProcessStatus.COMPENSATED, "DatabaseAwayError")
        assert_as_it_was(world, before)

    await everywhere(FORWARD_DELETION, at)


@pytest.mark.parametrize("lost", [False, True], ids=["before its effect", "after its effect"])
async def test_a_step_that_fails_for_a_while_is_repeated_and_counts_once(
    customer_processes: Client, lost: bool
) -> None:
    async def at(position: str) -> None:
        world = World.to_delete()
        name, number = place(position)
        world.fault(name, at=number, refusal=False, times=3, lost=lost)
        assert await outcome(await start_deletion(customer_processes, world)) == (ProcessStatus.COMPLETED, None)
        assert_deleted(world)
        assert world.steps[Step.HIDE_ACTIVITIES].done == 5

    await everywhere([*FORWARD_DELETION, PIVOT, *AFTER_DELETION], at)


@pytest.mark.parametrize("how", ["cancel", "compensate"])
async def test_a_stop_at_any_step_before_the_pivot_undoes_everything(customer_processes: Client, how: str) -> None:
    async def at(position: str) -> None:
        world = World.to_delete()
        before = world.picture()
        started: asyncio.Future[Handle] = asyncio.get_running_loop().create_future()

        async def stop() -> None:
            handle = await started
            await (handle.cancel() if how == "cancel" else compensate(handle))

        world.hooks[position] = stop
        handle = await start_deletion(customer_processes, world)
        started.set_result(handle)
        assert await outcome(handle) == (ProcessStatus.COMPENSATED, "compensation_requested")
        assert_as_it_was(world, before)

    await everywhere(FORWARD_DELETION, at)


async def test_a_cancel_before_the_first_step_gives_the_customer_back(customer_processes: Client) -> None:
    world = World.to_delete()
    before = world.picture()
    handle = await start_deletion(customer_processes, world)
    await handle.cancel()
    assert (await outcome(handle))[0] is ProcessStatus.COMPENSATED
    assert_as_it_was(world, before)


async def test_a_cancel_that_comes_before_the_first_worker_gives_the_customer_back(customer_processes: Client) -> None:
    """Start and cancel arrive in one task then, and the process reads its ledger first, which no cancel stops."""
    world = World.to_delete()
    before = world.picture()
    handle = await start_deletion(customer_processes, world, delay=timedelta(seconds=1))
    await handle.cancel()
    assert await outcome(handle) == (ProcessStatus.COMPENSATED, "compensation_requested")
    assert_as_it_was(world, before)


async def test_more_cancels_during_the_undo_do_not_stop_it(customer_processes: Client) -> None:
    async def at(position: str) -> None:
        world = World.to_delete()
        before = world.picture()
        world.fault("sales_activity.sweep_customer", refusal=True)
        started: asyncio.Future[Handle] = asyncio.get_running_loop().create_future()

        async def cancel_twice() -> None:
            handle = await started
            await handle.cancel()
            await compensate(handle)
            await handle.cancel()

        world.hooks[position] = cancel_twice
        handle = await start_deletion(customer_processes, world)
        started.set_result(handle)
        assert await outcome(handle) == (ProcessStatus.COMPENSATED, "injected")
        assert_as_it_was(world, before)

    await everywhere(UNDOS_OF_DELETION, at)


@pytest.mark.parametrize("refusal", [False, True], ids=["away", "refused"])
async def test_an_undo_that_fails_for_long_asks_for_attention_and_goes_on(
    customer_processes: Client, refusal: bool
) -> None:
    async def at(position: str) -> None:
        world = World.to_delete()
        before = world.picture()
        world.fault("sales_activity.sweep_customer", refusal=True)
        name, number = place(position)
        world.fault(name, at=number, refusal=refusal, until_attention=True)
        assert (await outcome(await start_deletion(customer_processes, world)))[0] is ProcessStatus.COMPENSATED
        assert_as_it_was(world, before)
        assert world.asked_for_attention

    await everywhere(UNDOS_OF_DELETION, at)


@pytest.mark.parametrize("how", ["cancel", "compensate"])
async def test_from_the_pivot_on_nothing_is_taken_back(customer_processes: Client, how: str) -> None:
    async def at(position: str) -> None:
        world = World.to_delete()
        started: asyncio.Future[Handle] = asyncio.get_running_loop().create_future()
        refused: list[str] = []

        async def stop() -> None:
            handle = await started
            if how == "cancel":
                await handle.cancel()
                return
            with pytest.raises(WorkflowUpdateFailedError) as refusal:
                await compensate(handle)
            problem = problem_in(refusal.value)
            assert problem is not None
            refused.append(f"{problem.status} {problem.code}")

        world.hooks[position] = stop
        handle = await start_deletion(customer_processes, world)
        started.set_result(handle)
        assert await outcome(handle) == (ProcessStatus.COMPLETED, None)
        assert_deleted(world)
        assert refused == ([] if how == "cancel" else ["409 past_pivot"])

    await everywhere([PIVOT, *AFTER_DELETION], at)


async def test_a_refusal_after_the_pivot_waits_for_somebody_and_retry_wakes_it(
    customer_processes: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(policies, "ATTENTION_PAUSE", timedelta(hours=1))

    async def at(position: str) -> None:
        world = World.to_delete()
        name, number = place(position)
        world.fault(name, at=number, refusal=True)
        handle = await start_deletion(customer_processes, world)
        await eventually(lambda: world.steps.get(Step.CANCEL_APPROVALS, _NOTHING).status is StepStatus.NEEDS_ATTENTION)
        assert world.steps[Step.CANCEL_APPROVALS].detail == "injected"
        assert world.state == "DELETED"
        world.faults.clear()
        await retry(handle)
        assert await outcome(handle) == (ProcessStatus.COMPLETED, None)
        assert_deleted(world)

    await everywhere(AFTER_DELETION, at)


async def test_a_pivot_whose_answer_is_lost_for_minutes_is_believed_in_the_end(customer_processes: Client) -> None:
    world = World.to_delete()
    world.fault("customer.confirm_deletion", refusal=False, lost=True, until_attention=True)
    assert await outcome(await start_deletion(customer_processes, world)) == (ProcessStatus.COMPLETED, None)
    assert_deleted(world)
    assert world.asked_for_attention


async def test_what_came_late_is_held_and_hidden_before_the_pivot(customer_processes: Client) -> None:
    world = World.to_delete()

    async def create_late() -> None:
        world.approvals.append(Held("PENDING"))
        world.activities.extend(Held("LIVE") for _ in range(3))

    # A transaction that had passed the fence before it stood, and committed only now.
    world.hooks["sales_activity.hide_activities#2"] = create_late
    assert await outcome(await start_deletion(customer_processes, world)) == (ProcessStatus.COMPLETED, None)
    assert_deleted(world)
    assert world.steps[Step.HIDE_ACTIVITIES].done == 8


async def test_a_slice_that_finds_rows_it_cannot_move_waits_for_them(customer_processes: Client) -> None:
    world = World.to_delete(stuck=True)
    assert await outcome(await start_deletion(customer_processes, world)) == (ProcessStatus.COMPLETED, None)
    assert_deleted(world)
    attention = [record for record in world.records if record.status is StepStatus.NEEDS_ATTENTION]
    assert attention
    assert attention[0].detail == "standstill"


async def test_a_customer_fenced_by_another_process_stays_its(customer_processes: Client) -> None:
    world = World.to_delete()
    other = uuid4()
    world.fences["sales_activity"] = other
    before = world.picture()
    handle = await start_deletion(customer_processes, world)
    assert await outcome(handle) == (ProcessStatus.COMPENSATED, "blocked_by_process")
    assert_as_it_was(world, before)


_NOTHING = StepRecord(process_id=uuid4(), step="", status=StepStatus.PLANNED)
