"""Composition root of the auth worker: the processes of users, the audit log's consumer and its sealer."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from activities.auth.handlers import AuthActivities
from activities.ledger.handlers import LedgerActivities, StepRecords
from services.auth.cleanup import keep_clean
from services.auth.figures import VERIFICATION
from services.auth.references import consumer
from services.auth.service.audit import Sealer
from services.auth.service.audit_verifier import Verifier
from services.auth.service.head_stores import FILE, BucketStore, Delivery, HeadStore, WebhookStore, activate
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
    settings.require_keys("signing")
    async with runtime.database(SERVICE) as db:
        journal, webhook = settings.head_journal(), settings.audit_heads_webhook_url
        stores: list[HeadStore] = []
        if journal is not None:
            stores.append(BucketStore(journal))
        if webhook is not None:
            stores.append(WebhookStore(webhook))
        kept = [*([FILE] if settings.audit_head_file else []), *(store.name for store in stores)]
        keys = SigningKeys(db, settings.signing_keys)
        sealer = Sealer(db, keys, settings.audit_head_file, queue=bool(stores))
        verifier = Verifier(db, settings.audit_head_file, journal)

        async def seal(stop: asyncio.Event) -> None:
            await activate(db, kept, stop)
            await sealer.run(stop)

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
            gauges=[VERIFICATION],
            loops=[seal, verifier.run, clean_up, *(Delivery(db, store).run for store in stores)],
        )


if __name__ == "__main__":
    main(compose, name=f"worker-{SERVICE}")
