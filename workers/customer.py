"""Composition root of the customer worker: its processes, its steps, the ledger, its copies of users."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from activities.customer.handlers import CustomerActivities
from activities.ledger.handlers import LedgerActivities, StepRecords
from services.contracts.processes import TaskQueue
from services.customer.references import UserDirectory, consumers
from workers.runtime import Runtime, ServiceWorker, main
from workers.schedules import reconciliation
from workflows.customer_deletion import CustomerDeletion
from workflows.customer_restoration import CustomerRestoration
from workflows.reconcile_processes import ReconcileProcesses

SERVICE = "customer"


@asynccontextmanager
async def compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    """The worker while its database and its way to the other services are open."""
    async with runtime.database(SERVICE) as db, runtime.internal(SERVICE) as internal:
        steps = CustomerActivities(db, UserDirectory(db, internal))
        yield ServiceWorker(
            SERVICE,
            db,
            task_queue=TaskQueue.CUSTOMER,
            workflows=[CustomerDeletion, CustomerRestoration, ReconcileProcesses],
            activities=[*steps.all(), *LedgerActivities(db, runtime.temporal).all(), *StepRecords(db).all()],
            schedules=[reconciliation(TaskQueue.CUSTOMER)],
            consumers=consumers(db, runtime.bootstrap),
        )


if __name__ == "__main__":
    main(compose, name="worker-customer")
