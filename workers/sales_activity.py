"""Composition root of the sales activity worker: its timers, its steps, its relays and its consumer."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Final

from activities.ledger.handlers import StepRecords
from activities.sales_activity.handlers import SalesActivityActivities
from services.contracts.processes import RECONCILE_TASK_TIMERS, TaskQueue
from services.sales_activity import references
from services.sales_activity.app import NAME
from services.sales_activity.figures import TIMERS
from services.sales_activity.references import Directory
from workers.runtime import Runtime, ServiceWorker, main
from workers.schedules import Periodic
from workflows.task_due_soon import ReconcileTaskTimers, TaskDueSoon

RECONCILE_EVERY: Final = timedelta(hours=1)


@asynccontextmanager
async def compose(runtime: Runtime) -> AsyncIterator[ServiceWorker]:
    async with runtime.database(NAME) as db, runtime.internal(NAME) as internal:
        handlers = SalesActivityActivities(db, Directory(db, internal), runtime.temporal)
        yield ServiceWorker(
            service=NAME,
            db=db,
            task_queue=TaskQueue.SALES_ACTIVITY,
            workflows=[TaskDueSoon, ReconcileTaskTimers],
            activities=[*handlers.all(), *StepRecords(db).all()],
            consumers=[references.consumer(db, runtime.bootstrap)],
            gauges=[TIMERS],
            schedules=[
                Periodic(RECONCILE_TASK_TIMERS, RECONCILE_TASK_TIMERS, TaskQueue.SALES_ACTIVITY, RECONCILE_EVERY)
            ],
        )


if __name__ == "__main__":
    main(compose, name="worker-sales-activity")
