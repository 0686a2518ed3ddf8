"""Workers of the next version among processes that this one began, and the other way round, on a real Temporal."""

import asyncio
from contextlib import AbstractAsyncContextManager
from typing import Any
from uuid import uuid4

from temporalio.api.enums.v1 import EventType
from temporalio.client import Client, WorkflowExecutionStatus, WorkflowHandle

from services.contracts.processes import CustomerDeletionInput, ProcessType, TaskQueue
from services.contracts.steps import SliceResult
from services.kit.processes.statuses import ProcessStatus
from tests.replay.catalogue import WORKFLOWS, type_of
from tests.replay.next_version import CHANGE, NextCustomerDeletion
from tests.replay.scripted_run import played
from tests.support.temporal import TemporalServer
from tests.support.waiting import eventually
from workflows.customer_deletion import CustomerDeletion
from workflows.saga import SagaOutcome

THIS = WORKFLOWS
NEXT = [kind for kind in WORKFLOWS if type_of(kind) != ProcessType.CUSTOMER_DELETION] + [NextCustomerDeletion]


class HeldStep:
    """A step in the midst of the process that waits until it is let go."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.goes = asyncio.Event()

    async def __call__(self, _step: Any) -> SliceResult:
        self.reached.set()
        await self.goes.wait()
        return SliceResult(done=1, remaining=0)


def version(client: Client, workflows: list[type], held: HeldStep) -> AbstractAsyncContextManager[None]:
    return played(client, {"sales_activity.hide_activities": held}, workflows)


async def begin(client: Client) -> WorkflowHandle[CustomerDeletion, SagaOutcome]:
    request = CustomerDeletionInput(customer_id=uuid4(), process_id=uuid4(), actor_id=uuid4(), generation=1)
    return await client.start_workflow(
        CustomerDeletion.run, request, id=f"customer-deletion:{uuid4()}", task_queue=TaskQueue.CUSTOMER
    )


async def took_the_new_way(handle: WorkflowHandle[Any, Any]) -> bool:
    events = (await handle.fetch_history()).events
    return any(CHANGE in str(event.marker_recorded_event_attributes.details) for event in events)


async def test_the_next_version_ends_what_this_one_began_and_begins_anew(temporal_server: TemporalServer) -> None:
    client = await temporal_server.client()
    held = HeldStep()
    async with version(client, THIS, held):
        old = await begin(client)
        await held.reached.wait()
    held.goes.set()
    async with version(client, NEXT, held):
        new = await begin(client)
        assert {(await handle.result()).status for handle in (old, new)} == {ProcessStatus.COMPLETED}
    assert not await took_the_new_way(old)
    assert await took_the_new_way(new)


async def test_what_the_next_version_began_waits_unharmed_while_only_this_one_runs(
    temporal_server: TemporalServer,
) -> None:
    """A deploy that is rolled back, or one worker that stays behind: tasks are refused, and the process is not."""
    client = await temporal_server.client()
    held = HeldStep()
    async with version(client, NEXT, held):
        new = await begin(client)
        await held.reached.wait()
    held.goes.set()

    async def was_refused() -> bool:
        events = (await new.fetch_history()).events
        return any(event.event_type == EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED for event in events)

    async with version(client, THIS, held):
        await eventually(was_refused)
        assert (await new.describe()).status is WorkflowExecutionStatus.RUNNING
    async with version(client, NEXT, held):
        assert (await new.result()).status is ProcessStatus.COMPLETED
    assert await took_the_new_way(new)


async def test_both_versions_beside_each_other_end_all_processes(temporal_server: TemporalServer) -> None:
    client = await temporal_server.client()
    held = HeldStep()
    async with version(client, THIS, held):
        begun = [await begin(client) for _ in range(3)]
        await held.reached.wait()
        held.goes.set()
        async with version(await temporal_server.client(), NEXT, held):
            begun += [await begin(client) for _ in range(6)]
            assert {(await handle.result()).status for handle in begun} == {ProcessStatus.COMPLETED}
