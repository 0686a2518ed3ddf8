"""Started by a Schedule, and whenever a worker begins: open processes get the workflow back that they lost."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.ledger import contract as ledger
    from services.contracts.processes import RECONCILE_PROCESSES, TaskQueue
    from services.contracts.steps import SweepResult

TIMEOUT = timedelta(minutes=10)
HEARTBEAT = timedelta(minutes=1)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_attempts=5)


@workflow.defn(name=RECONCILE_PROCESSES)
class ReconcileProcesses:
    @workflow.run
    async def run(self) -> SweepResult:
        mended = await workflow.execute_activity(
            ledger.reconcile_processes,
            start_to_close_timeout=TIMEOUT,
            heartbeat_timeout=HEARTBEAT,
            retry_policy=RETRY,
        )
        await self._forget_steps()
        return mended

    async def _forget_steps(self) -> None:
        """What the steps of long ended processes recorded, in every service that may have worked for them."""
        ended = await workflow.execute_activity(
            ledger.ended_long_ago, start_to_close_timeout=TIMEOUT, retry_policy=RETRY
        )
        if not ended.process_ids:
            return
        for queue in TaskQueue:
            # A service whose worker is down is asked the next time, and its records are kept until then.
            await workflow.execute_activity(
                ledger.forget_steps,
                ended,
                task_queue=queue,
                start_to_close_timeout=TIMEOUT,
                schedule_to_close_timeout=TIMEOUT,
                retry_policy=RETRY,
            )
        await workflow.execute_activity(
            ledger.steps_forgotten, ended, start_to_close_timeout=TIMEOUT, retry_policy=RETRY
        )
