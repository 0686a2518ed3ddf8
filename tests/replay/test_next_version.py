"""Workers of the next version among processes that this one began, and the other way round, on a real Temporal."""

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

import pytest
from temporalio.api.enums.v1 import WorkflowTaskFailedCause
from temporalio.client import Client, WorkflowExecutionStatus

from services.contracts.processes import ProcessType
from tests.replay.catalogue import WORKFLOWS, type_of
from tests.replay.held_processes import Handle, Held, HeldSaga, PendingApprovals, WaitingTimers
from tests.replay.next_version import (
    CHANGE,
    NextApproval,
    NextCustomerDeletion,
    NextDecision,
    NextTaskDueSoon,
    NextUserDeletion,
)
from tests.replay.scripted_run import played
from tests.support.temporal import TemporalServer
from tests.support.waiting import DEADLINE, eventually


@dataclass(frozen=True)
class Change:
    """What the next version does otherwise in processes of one type, and how such processes are held meanwhile."""

    next_version: type
    hold: Callable[[], Held]


SAGAS = [
    Change(NextCustomerDeletion, lambda: HeldSaga(ProcessType.CUSTOMER_DELETION, "sales_activity.hide_activities")),
    Change(NextUserDeletion, lambda: HeldSaga(ProcessType.USER_DELETION, "customer.reassign_customers")),
]
WAITING = [Change(NextApproval, PendingApprovals), Change(NextTaskDueSoon, WaitingTimers)]
CHANGES = [*SAGAS, *WAITING]
CACHED = 1_000
"""Processes that a worker keeps to itself: more than there are."""


def name_of(change: Change) -> str:
    return type_of(change.next_version)


for_each_change = pytest.mark.parametrize("change", CHANGES, ids=name_of)


def this_version(client: Client, held: Held, *, cached: int = CACHED) -> AbstractAsyncContextManager[None]:
    return played(client, held.scripts, WORKFLOWS, cached_workflows=cached)


def next_version(
    client: Client, held: Held, changed: type, *, cached: int = CACHED
) -> AbstractAsyncContextManager[None]:
    unchanged = [kind for kind in WORKFLOWS if type_of(kind) != type_of(changed)]
    return played(client, held.scripts, [*unchanged, changed], cached_workflows=cached)


async def took_the_new_way(handle: Handle) -> bool:
    events = (await handle.fetch_history()).events
    return any(CHANGE in str(event.marker_recorded_event_attributes.details) for event in events)


async def was_refused(handle: Handle) -> bool:
    """Whether a worker met a history that its version could not have written."""
    failures = [e.workflow_task_failed_event_attributes for e in (await handle.fetch_history()).events]
    return any(f.cause == WorkflowTaskFailedCause.WORKFLOW_TASK_FAILED_CAUSE_NON_DETERMINISTIC_ERROR for f in failures)


async def let_go_and_end(held: Held, handle: Handle) -> None:
    await held.let_go(handle)
    await held.end_well(handle)


async def end_without_refusal(held: Held, handle: Handle) -> None:
    """Raises AssertionError at the first refusal, after which the end would never come."""
    ending = asyncio.create_task(let_go_and_end(held, handle))

    async def ended_or_refused() -> bool:
        return ending.done() or await was_refused(handle)

    try:
        await eventually(ended_or_refused, what="the end")
        assert not await was_refused(handle)
        await ending
    finally:
        ending.cancel()


@for_each_change
async def test_the_next_version_ends_what_this_one_began_and_begins_anew(
    temporal_server: TemporalServer, change: Change
) -> None:
    client = await temporal_server.client()
    held = change.hold()
    async with this_version(client, held):
        old = await held.begin(client)
        await held.in_its_midst(old)
    async with next_version(client, held, change.next_version):
        new = await held.begin(client)
        await held.in_its_midst(new)
        for handle in (old, new):
            await end_without_refusal(held, handle)
    assert not await took_the_new_way(old)
    assert await took_the_new_way(new)


@for_each_change
async def test_what_the_next_version_began_waits_unharmed_while_only_this_one_runs(
    temporal_server: TemporalServer, change: Change
) -> None:
    """A deploy that is rolled back, or one worker that stays behind: tasks are refused, and the process is not. Who
    sent a decision meanwhile still gets its outcome."""
    client = await temporal_server.client()
    held = change.hold()
    async with next_version(client, held, change.next_version):
        new = await held.begin(client)
        await held.in_its_midst(new)
    async with asyncio.TaskGroup() as group:
        letting_go = group.create_task(held.let_go(new))
        async with this_version(client, held):
            await eventually(lambda: was_refused(new), what="a refused task")
            assert (await new.describe()).status is WorkflowExecutionStatus.RUNNING
        async with next_version(client, held, change.next_version):
            await letting_go
            await held.end_well(new)
    assert await took_the_new_way(new)


async def end_beside_each_other(server: TemporalServer, change: Change, *, cached: int, begun: int) -> None:
    """`begun`: how many processes begin while both versions run."""
    client = await server.client()
    held = change.hold()
    # Chance decides how often a task comes to the wrong worker; each time costs the ten seconds of its timeout.
    async with asyncio.timeout(DEADLINE * 5), this_version(client, held, cached=cached):
        old = [await held.begin(client) for _ in range(3)]
        await asyncio.gather(*map(held.in_its_midst, old))
        async with next_version(await server.client(), held, change.next_version, cached=cached):
            new = [await held.begin(client) for _ in range(begun)]
            await asyncio.gather(*(let_go_and_end(held, handle) for handle in [*old, *new]))
    assert not any([await took_the_new_way(handle) for handle in old])


@for_each_change
async def test_both_versions_beside_each_other_end_all_processes(
    temporal_server: TemporalServer, change: Change
) -> None:
    """Each process stays at the worker that began it, as long as that worker keeps it."""
    await end_beside_each_other(temporal_server, change, cached=CACHED, begun=6)


@pytest.mark.parametrize("change", WAITING, ids=name_of)
async def test_processes_end_that_change_between_the_versions_at_any_task(
    temporal_server: TemporalServer, change: Change
) -> None:
    """What waits for weeks is in no worker's cache. A task that comes to a worker which does not know the new way is
    refused, and comes to one that does; a decision is applied once all the same.

    Sagas have dozens of tasks in a row and would be refused at many, each for the length of a task's timeout.
    """
    await end_beside_each_other(temporal_server, change, cached=0, begun=2)


async def test_a_pending_request_takes_the_new_way_at_the_decision_that_the_next_version_changed(
    temporal_server: TemporalServer,
) -> None:
    """It waited for weeks, and never came to what changed: nothing in its history speaks for the old way."""
    client = await temporal_server.client()
    held = PendingApprovals()
    async with this_version(client, held):
        old = await held.begin(client)
        await held.in_its_midst(old)
    async with next_version(client, held, NextDecision):
        await end_without_refusal(held, old)
    assert await took_the_new_way(old)
