"""Timer of one task: tells that it falls due soon, sleeps until the due date, tells that it is overdue.

It is started with a delay until due date minus lead, so that a waiting timer is one event of history and no work for
any worker. A change of due date or lead replaces it by a new run, the end of the task ends it; should either come too
late, the task itself is asked: it says what is left to tell, and remembers what was told for which due date.
"""

from datetime import datetime, timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.sales_activity import contract as sales_activity
    from activities.sales_activity.contract import ReconcileResult, TimerState
    from services.contracts.processes import RECONCILE_TASK_TIMERS, ProcessType, TaskDueInput, TaskQueue
    from workflows.local_steps import carry_out

NOTIFY_TIMEOUT = timedelta(seconds=30)
NOTIFY_RETRY = RetryPolicy(initial_interval=timedelta(milliseconds=200), maximum_interval=timedelta(minutes=1))
"""Without an end: the notice waits for the database."""
RECONCILE_TIMEOUT = timedelta(minutes=30)
RECONCILE_HEARTBEAT = timedelta(minutes=1)
RECONCILE_RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=5)


@workflow.defn(name=ProcessType.TASK_DUE_SOON)
class TaskDueSoon:
    @workflow.run
    async def run(self, timer: TaskDueInput) -> None:
        task = await carry_out(
            sales_activity.notify_due_soon, timer, timeout=NOTIFY_TIMEOUT, unbounded_retry=NOTIFY_RETRY
        )
        if not _still_due(task, timer):
            return
        await workflow.sleep(_until(timer.due_date), summary="until the due date")
        await carry_out(sales_activity.notify_overdue, timer, timeout=NOTIFY_TIMEOUT, unbounded_retry=NOTIFY_RETRY)


@workflow.defn(name=RECONCILE_TASK_TIMERS)
class ReconcileTaskTimers:
    """Started by a Schedule: compares tasks with timers."""

    @workflow.run
    async def run(self) -> ReconcileResult:
        return await workflow.execute_activity(
            sales_activity.reconcile_timers,
            task_queue=TaskQueue.SALES_ACTIVITY,
            start_to_close_timeout=RECONCILE_TIMEOUT,
            heartbeat_timeout=RECONCILE_HEARTBEAT,
            retry_policy=RECONCILE_RETRY,
        )


def _still_due(task: TimerState, timer: TaskDueInput) -> bool:
    return task.due_date == timer.due_date and task.lead_hours == timer.lead_hours


def _until(due_date: datetime) -> timedelta:
    return max(due_date - workflow.now(), timedelta(0))
