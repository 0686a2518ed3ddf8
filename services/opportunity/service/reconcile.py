"""What the opportunity service compares besides its processes: workflows that wait for requests that have ended, stages
that lost approvers or got them back, questions to people who can't answer any more. The row wins.

Open requests without a workflow are like all processes without one: services.kit.processes.reconciling.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from typing import Final
from uuid import UUID

from temporalio.client import Client

from services.contracts.processes import SIGNAL_ROW_CHANGED, ProcessType, RowChanged, approval_id
from services.contracts.states import OPEN_APPROVAL_STATES, ApprovalState
from services.kit.db.database import Database, Reader, UnitOfWork
from services.kit.http import idempotency
from services.kit.processes import intents
from services.kit.running import clock
from services.kit.running.context import ActorContext
from services.opportunity.repository import bulk_decisions, history, inbox, reconciliation, routes
from services.opportunity.service import advisers, shortage

SETTLED_AFTER: Final = timedelta(minutes=2)
"""What changed more recently may still be on its way through relay and visibility."""
PAGE: Final = 500
ANSWERS_KEPT: Final = timedelta(days=31)
"""Far longer than a key is good for, and than a command that Temporal has accepted may still be tried."""
FORGOTTEN_AT_ONCE: Final = 5_000
BATCHES_FORGOTTEN_AT_ONCE: Final = 20


async def reconcile(db: Database, temporal: Client, heartbeat: Callable[..., None]) -> int:
    """How many differences were mended; the traces of commands that expired go, and replicas of before are shown the
    versions of routes that have taken over."""
    running = {workflow_id async for workflow_id in _running(temporal)}
    mended = await _tell_ended(db, running, heartbeat)
    mended += await _review(db, heartbeat, reconciliation.maybe_short, shortage.review)
    mended += await _review(db, heartbeat, reconciliation.asked_in_vain, advisers.withdraw_in_vain)
    async with db.transaction(ActorContext.system()) as uow:
        await routes.show_what_counts(uow, clock.now())
    await _forget_commands(db)
    return mended


async def _forget_commands(db: Database) -> None:
    """Keys and the words of lost races after their day, snoozes after their time, recorded answers and batches once
    nobody can repeat their commands."""
    now = clock.now()
    async with db.transaction(ActorContext.system()) as uow:
        await history.delete_stale_commands(uow, now - idempotency.RETENTION)
        await inbox.delete_over(uow, now)
    while True:
        async with db.transaction(ActorContext.system()) as uow:
            if await history.delete_recorded_answers(uow, now - ANSWERS_KEPT, FORGOTTEN_AT_ONCE) < FORGOTTEN_AT_ONCE:
                break
    while True:
        async with db.transaction(ActorContext.system()) as uow:
            if await bulk_decisions.delete_old(uow, now - ANSWERS_KEPT, BATCHES_FORGOTTEN_AT_ONCE) == 0:
                return


async def _running(temporal: Client) -> AsyncIterator[str]:
    query = f"WorkflowType = '{ProcessType.APPROVAL.value}' AND ExecutionStatus = 'Running'"
    async for execution in temporal.list_workflows(query, page_size=PAGE):
        yield execution.id


async def _review(
    db: Database,
    heartbeat: Callable[..., None],
    found: Callable[[Reader, UUID, int], Awaitable[list[UUID]]],
    review: Callable[[UnitOfWork, UUID], Awaitable[bool]],
) -> int:
    """People are suspended and come back, lose rights and get them again: the requests that ask them look again."""
    changed, after = 0, UUID(int=0)
    while True:
        async with db.reader() as reader:
            ids = await found(reader, after, PAGE)
        for approval_id_ in ids:
            async with db.transaction(ActorContext.system()) as uow:
                changed += await review(uow, approval_id_)
            heartbeat(changed)
        if len(ids) < PAGE:
            return changed
        after = ids[-1]


async def _tell_ended(db: Database, running: set[str], heartbeat: Callable[..., None]) -> int:
    """A workflow that still waits though its request has ended reads the row again."""
    prefix = f"{ProcessType.APPROVAL.value}:"
    ids = {workflow_id.split(":")[1] for workflow_id in running if workflow_id.startswith(prefix)}
    settled = clock.now() - SETTLED_AFTER
    mended = 0
    pending = sorted(ids)
    for position in range(0, len(pending), PAGE):
        async with db.transaction(ActorContext.system()) as uow:
            rows = await reconciliation.ended_rows(uow, pending[position : position + PAGE], settled)
            targets = [
                (approval_id(row["id"], generation), RowChanged(version=row["event_version"]))
                for row in rows
                for generation in range(1, row["generation"] + 1)
                if approval_id(row["id"], generation) in running
                and (generation < row["generation"] or row["state"] not in _OPEN)
            ]
            await intents.signal_workflows(uow, targets, signal=SIGNAL_ROW_CHANGED)
        mended += len(targets)
        heartbeat(mended)
    return mended


_OPEN: Final = frozenset(state.value for state in OPEN_APPROVAL_STATES | {ApprovalState.DRAFT})
