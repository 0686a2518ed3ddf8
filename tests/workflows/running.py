"""Start the customer's processes on a world, and meddle with them."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from uuid import uuid4

from temporalio.client import Client, WorkflowHandle

from services.contracts.processes import (
    UPDATE_COMPENSATE,
    UPDATE_RETRY,
    CustomerDeletionInput,
    CustomerRestorationInput,
    OperatorCommand,
    ProcessType,
    TaskQueue,
)
from services.kit.processes.statuses import ProcessStatus
from tests.workflows.world import World
from workflows.saga import SagaOutcome

Handle = WorkflowHandle[object, SagaOutcome]

DEADLINE_SECONDS = 120.0
"""For a process that hangs; generous, because a slow machine must not fail a test."""

FORWARD_DELETION = [
    "opportunity.fence_customer#0",
    "opportunity.hold_approvals#0",
    "opportunity.hold_approvals#1",
    "sales_activity.fence_customer#0",
    "sales_activity.hide_activities#0",
    "sales_activity.hide_activities#2",
    "opportunity.sweep_customer#0",
    "sales_activity.sweep_customer#0",
]
FORWARD_RESTORATION = [
    "opportunity.restore_approvals#0",
    "opportunity.restore_approvals#1",
    "sales_activity.restore_activities#0",
    "sales_activity.restore_activities#2",
]
AFTER_DELETION = ["opportunity.cancel_approvals#0", "opportunity.cancel_approvals#1"]
AFTER_RESTORATION = ["opportunity.unfence_customer#0", "sales_activity.unfence_customer#0"]
UNDOS_OF_DELETION = [
    "sales_activity.reveal_activities#0",
    "sales_activity.reveal_activities#1",
    "sales_activity.unfence_customer#0",
    "opportunity.release_approvals#0",
    "opportunity.release_approvals#1",
    "opportunity.unfence_customer#0",
    "customer.undo_deletion#0",
]
UNDOS_OF_RESTORATION = [
    "sales_activity.rehide_activities#0",
    "sales_activity.rehide_activities#1",
    "opportunity.recancel_approvals#0",
    "opportunity.recancel_approvals#1",
    "customer.undo_restoration#0",
]


async def everywhere(positions: Sequence[str], scenario: Callable[[str], Awaitable[None]]) -> None:
    """One process for each position, all at once; tells at which ones the scenario went wrong."""
    answers = await asyncio.gather(*(scenario(position) for position in positions), return_exceptions=True)
    failures = {p: answer for p, answer in zip(positions, answers, strict=True) if isinstance(answer, BaseException)}
    for failure in failures.values():
        raise AssertionError(f"went wrong at {', '.join(failures)}") from failure


def place(position: str) -> tuple[str, int]:
    """`hold_approvals#1` → the step and which of its calls."""
    name, _, number = position.partition("#")
    return name, int(number)


async def start_deletion(client: Client, world: World, *, delay: timedelta | None = None) -> Handle:
    """`delay`: how long the workflow waits for its first task, as it does while every worker is away."""
    argument = CustomerDeletionInput(
        process_id=world.process_id, customer_id=world.customer_id, actor_id=uuid4(), generation=1
    )
    return await _start(client, ProcessType.CUSTOMER_DELETION, argument, world, delay)


async def start_restoration(client: Client, world: World) -> Handle:
    argument = CustomerRestorationInput(
        process_id=world.process_id,
        customer_id=world.customer_id,
        actor_id=uuid4(),
        generation=2,
        deletion_process_id=world.deletion_process_id,
    )
    return await _start(client, ProcessType.CUSTOMER_RESTORATION, argument, world)


async def _start(
    client: Client, kind: ProcessType, argument: object, world: World, delay: timedelta | None = None
) -> Handle:
    return await client.start_workflow(
        kind,
        argument,
        id=f"{kind}:{world.process_id}",
        task_queue=TaskQueue.CUSTOMER,
        result_type=SagaOutcome,
        start_delay=delay,
    )


async def compensate(handle: Handle) -> None:
    await handle.execute_update(UPDATE_COMPENSATE, OperatorCommand(actor_id=uuid4()))


async def retry(handle: Handle) -> None:
    await handle.execute_update(UPDATE_RETRY, OperatorCommand(actor_id=uuid4()))


async def outcome(handle: Handle) -> tuple[ProcessStatus, str | None]:
    """How the process ended, and why it turned back if it did."""
    async with asyncio.timeout(DEADLINE_SECONDS):
        result = await handle.result()
    return result.status, result.detail
