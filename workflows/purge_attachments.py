"""Started by a Schedule, every night: files whose retention has passed are deleted, some requests at a time."""

from datetime import timedelta

from temporalio import workflow
from temporalio.common import RetryPolicy

with workflow.unsafe.imports_passed_through():
    from activities.opportunity import contract as opportunity
    from services.contracts.processes import PURGE_ATTACHMENTS, PurgeInput, TaskQueue
    from services.contracts.steps import SliceResult
    from workflows import policies

SLICE_TIMEOUT = timedelta(minutes=30)
RETRY = RetryPolicy(initial_interval=timedelta(seconds=5), maximum_interval=timedelta(minutes=5), maximum_attempts=30)
"""Some two hours. A run that ends without its end is shown as such, and the next one goes on where it stood."""
HEARTBEATS = 4
"""Between two of them lies one file, which a bucket that answers badly may take a while to delete."""


@workflow.defn(name=PURGE_ATTACHMENTS)
class PurgeAttachments:
    @workflow.run
    async def run(self, going_on: PurgeInput | None = None) -> SliceResult:
        """``going_on``: the run that this one goes on with."""
        call = going_on or PurgeInput(run_id=workflow.uuid4())
        done = 0
        while True:
            answer = await workflow.execute_activity(
                opportunity.purge_files,
                call,
                task_queue=TaskQueue.OPPORTUNITY,
                start_to_close_timeout=SLICE_TIMEOUT,
                heartbeat_timeout=HEARTBEATS * policies.HEARTBEAT_TIMEOUT,
                retry_policy=RETRY,
            )
            done += answer.done
            if answer.remaining == 0:
                return SliceResult(done=done, remaining=0)
            if workflow.info().get_current_history_length() > policies.HISTORY_LIMIT:
                # The run goes on where the cursor of its record stands.
                workflow.continue_as_new(call)
