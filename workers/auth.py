"""Composition root of the auth worker: the processes of users, the audit log's consumer and its sealer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from activities.auth.handlers import AuthActivities
from activities.ledger.handlers import LedgerActivities, StepRecords
from services.auth.cleanup import keep_clean
from services.auth.references import consumer
from services.auth.service.audit import Sealer
from services.auth.service.audit_verifier import Verifier
from services.auth.settings import AuthSettings
from services.auth.signing import SigningKeys
from services.contracts.processes import TaskQueue
from workers.runtime import Runtime, ServiceWorker, main
from workers.schedules import reconciliation
from workflows.reconcile_processes import ReconcileProcesses
from workflows.user_deletion import UserDeletion
from workflows.user_restoration import UserRestoration

SERVICE = "auth"


@asynccontextmanager
async def compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    settings = AuthSettings.of(runtime.settings)
    async with runtime.database(SERVICE) as db:
        sealer = Sealer(db, SigningKeys(db, settings.secret_key), settings.audit_head_file)
        verifier = Verifier(db, settings.audit_head_file)

        async def clean_up(stop: asyncio.Event) -> None:
            await keep_clean(db, stop)

        ledger = LedgerActivities(db, runtime.temporal)
        yield ServiceWorker(
            service=SERVICE,
            db=db,
            task_queue=TaskQueue.AUTH,
            workflows=[UserDeletion, UserRestoration, ReconcileProcesses],
            activities=[*AuthActivities(db).all(), *ledger.all(), *StepRecords(db).all()],
            schedules=[reconciliation(TaskQueue.AUTH)],
            consumers=[consumer(db, bootstrap=runtime.bootstrap)],
            loops=[sealer.run, verifier.run, clean_up],
        )


if __name__ == "__main__":
    main(compose, name=SERVICE)
