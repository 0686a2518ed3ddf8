"""Composition root of the customer worker: its processes, its steps, the ledger, its copies of users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from activities.customer.handlers import CustomerActivities
from activities.ledger.handlers import LedgerActivities
from services.contracts.processes import TaskQueue
from services.customer.references import UserDirectory, consumer
from workers.runtime import Runtime, ServiceWorker, main
from workflows.customer_deletion import CustomerDeletion
from workflows.customer_restoration import CustomerRestoration

SERVICE = "customer"


@asynccontextmanager
async def compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    """The worker while its database and its way to the other services are open."""
    async with runtime.database(SERVICE) as db, runtime.internal(SERVICE) as internal:
        yield ServiceWorker(
            SERVICE,
            db,
            task_queue=TaskQueue.CUSTOMER,
            workflows=[CustomerDeletion, CustomerRestoration],
            activities=[*CustomerActivities(db, UserDirectory(db, internal)).all(), *LedgerActivities(db).all()],
            consumers=[consumer(db, runtime.bootstrap)],
        )


if __name__ == "__main__":
    main(compose, name="worker-customer")
