"""Composition root of the opportunity worker: approvals, their part in the other processes, relays and copies."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Final

from temporalio.client import (
    Client,
    Schedule,
    ScheduleActionStartWorkflow,
    ScheduleAlreadyRunningError,
    ScheduleIntervalSpec,
    ScheduleOverlapPolicy,
    SchedulePolicy,
    ScheduleSpec,
)

from activities.opportunity.handlers import OpportunityActivities
from services.contracts.processes import RECONCILE_APPROVALS, TaskQueue
from services.kit.db.database import Database
from services.kit.trust.internal import InternalClient
from services.opportunity import references
from workers import runtime
from workers.runtime import Runtime, ServiceWorker
from workflows.approval import Approval, ReconcileApprovals

SERVICE: Final = "opportunity"
RECONCILE_EVERY: Final = timedelta(minutes=5)


def temporal_part(db: Database, internal: InternalClient, temporal: Client) -> ServiceWorker:
    """What Temporal's worker needs, without relays and consumers."""
    handlers = OpportunityActivities(db, references.References(db, internal), temporal)
    return ServiceWorker(
        service=SERVICE,
        db=db,
        task_queue=TaskQueue.OPPORTUNITY,
        workflows=[Approval, ReconcileApprovals],
        activities=handlers.all(),
        when_connected=[schedule_reconciliation],
    )


@asynccontextmanager
async def compose(host: Runtime) -> AsyncIterator[ServiceWorker]:
    async with host.database(SERVICE) as db, host.internal(SERVICE) as internal:
        part = temporal_part(db, internal, host.temporal)
        yield ServiceWorker(
            service=part.service,
            db=db,
            task_queue=part.task_queue,
            workflows=part.workflows,
            activities=part.activities,
            consumers=[references.consumer(db, host.bootstrap)],
            when_connected=part.when_connected,
        )


async def schedule_reconciliation(temporal: Client) -> None:
    """Creates the Schedule that compares rows with workflows; it stays as it is when it is there."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(
            RECONCILE_APPROVALS, id=RECONCILE_APPROVALS, task_queue=TaskQueue.OPPORTUNITY
        ),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=RECONCILE_EVERY)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP),
    )
    with suppress(ScheduleAlreadyRunningError):
        await temporal.create_schedule(RECONCILE_APPROVALS, schedule)


if __name__ == "__main__":
    runtime.main(compose, name=SERVICE)
