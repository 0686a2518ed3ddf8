"""Composition root of the opportunity worker: approvals, their part in the other processes, relays and copies."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Final

from temporalio.client import Client

from activities.ledger.handlers import LedgerActivities, StepRecords
from activities.opportunity.handlers import OpportunityActivities
from activities.opportunity.purging import PurgeActivities
from services.contracts.processes import TaskQueue
from services.kit.db.database import Database
from services.kit.files.clamd import Scanner
from services.kit.files.storage import Storage
from services.kit.trust.internal import InternalClient
from services.opportunity import references, scanning
from services.opportunity.figures import DEADLINES
from services.opportunity.service.reconcile import reconcile
from services.opportunity.settings import OpportunitySettings
from workers import runtime
from workers.runtime import Loop, Runtime, ServiceWorker
from workers.schedules import purge_of_attachments, reconciliation
from workflows.approval import Approval
from workflows.bulk_decision import BulkDecision
from workflows.purge_attachments import PurgeAttachments
from workflows.reconcile_processes import ReconcileProcesses

SERVICE: Final = "opportunity"
RETIRED: Final = ("reconcile_approvals",)


def temporal_part(
    db: Database, internal: InternalClient, temporal: Client, storage: Storage | None = None
) -> ServiceWorker:
    """What Temporal's worker needs, without relays and consumers. ``storage``: where files are kept."""
    handlers = OpportunityActivities(db, references.References(db, internal), temporal)
    return ServiceWorker(
        service=SERVICE,
        db=db,
        task_queue=TaskQueue.OPPORTUNITY,
        workflows=[Approval, BulkDecision, PurgeAttachments, ReconcileProcesses],
        activities=[
            *handlers.all(),
            *PurgeActivities(db, storage).all(),
            *LedgerActivities(db, temporal, also=reconcile).all(),
            *StepRecords(db).all(),
        ],
        schedules=[reconciliation(TaskQueue.OPPORTUNITY), purge_of_attachments()],
        retired_schedules=RETIRED,
    )


@asynccontextmanager
async def compose(host: Runtime) -> AsyncIterator[ServiceWorker]:
    async with host.database(SERVICE) as db, host.internal(SERVICE) as internal:
        settings = OpportunitySettings.of(host.settings)
        storage = settings.storage()
        part = temporal_part(db, internal, host.temporal, storage)
        loops = attachment_loops(db, storage, settings.scanner())
        yield replace(part, consumers=[references.consumer(db, host.bootstrap)], loops=loops, gauges=[DEADLINES])


def attachment_loops(db: Database, storage: Storage | None, scanner: Scanner | None) -> list[Loop]:
    """None where no place for files is configured; nothing scans where no scanner is."""
    if storage is None:
        return []

    async def sweep(stop: asyncio.Event) -> None:
        await scanning.keep_swept(db, storage, stop)

    async def scan(stop: asyncio.Event) -> None:
        assert scanner is not None
        await scanning.keep_scanning(db, storage, scanner, stop)

    return [sweep] if scanner is None else [sweep, scan]


if __name__ == "__main__":
    runtime.main(compose, name=f"worker-{SERVICE}")
