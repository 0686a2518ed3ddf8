"""Temporal Schedules that a worker creates once Temporal answers."""

from collections.abc import Awaitable, Callable
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
    ScheduleUpdate,
)

CATCH_UP: Final = timedelta(minutes=1)
"""What was due while Temporal was down is not made up for: the next time will do."""


def periodic(workflow: str, *, task_queue: str, every: timedelta) -> Callable[[Client], Awaitable[None]]:
    """For `ServiceWorker.when_connected`: a Schedule, named after its workflow, that runs it one at a time."""
    schedule = Schedule(
        action=ScheduleActionStartWorkflow(workflow, id=workflow, task_queue=task_queue),
        spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=every)]),
        policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=CATCH_UP),
    )

    async def ensure(client: Client) -> None:
        try:
            await client.create_schedule(workflow, schedule)
        except ScheduleAlreadyRunningError:
            # An interval that a new version changed takes effect here.
            await client.get_schedule_handle(workflow).update(lambda _: ScheduleUpdate(schedule=schedule))

    return ensure
