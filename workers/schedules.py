"""Temporal Schedules of the workers: made when Temporal answers, and again when it has come back without its data."""

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass
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
from temporalio.service import RPCError, RPCStatusCode

from services.contracts.processes import (
    PURGE_AT,
    PURGE_ATTACHMENTS,
    PURGE_EVERY,
    RECONCILE_PROCESSES,
    TaskQueue,
    reconciliation_id,
)
from services.kit.processes.registration import register_search_attributes
from services.kit.running.backoff import pause

log = logging.getLogger(__name__)

CATCH_UP: Final = timedelta(minutes=1)
"""What was due while Temporal was down is not made up for: it runs when a worker connects again, and the next time."""
PURGE_CATCH_UP: Final = timedelta(hours=12)
RECONCILE_EVERY: Final = timedelta(minutes=5)
LOOK_EVERY: Final = timedelta(seconds=30)
"""How soon it is noticed that Temporal has lost its data: one small question for each Schedule."""


@dataclass(frozen=True, slots=True)
class Periodic:
    """A workflow that runs every so often, one at a time, and by default whenever a worker begins."""

    workflow: str
    id: str
    task_queue: str
    every: timedelta
    at: timedelta = timedelta(0)
    """How long after the beginning of each interval, which are counted from the epoch."""
    at_once: bool = True
    """Whether a worker that begins has it run as well."""
    catch_up: timedelta = CATCH_UP
    """For how long what was due while Temporal was down is still made up for."""

    def _schedule(self) -> Schedule:
        return Schedule(
            action=ScheduleActionStartWorkflow(self.workflow, id=self.id, task_queue=self.task_queue),
            spec=ScheduleSpec(intervals=[ScheduleIntervalSpec(every=self.every, offset=self.at)]),
            policy=SchedulePolicy(overlap=ScheduleOverlapPolicy.SKIP, catchup_window=self.catch_up),
        )

    async def ensure(self, client: Client) -> None:
        """Harmless to repeat, and for two at once."""
        schedule = self._schedule()
        try:
            await client.create_schedule(self.id, schedule, trigger_immediately=self.at_once)
        except ScheduleAlreadyRunningError:
            # An interval that a new version changed takes effect here.
            handle = client.get_schedule_handle(self.id)
            await handle.update(lambda _: ScheduleUpdate(schedule=schedule))
            if self.at_once:
                await handle.trigger(overlap=ScheduleOverlapPolicy.SKIP)

    async def is_there(self, client: Client) -> bool:
        try:
            await client.get_schedule_handle(self.id).describe()
        except RPCError as error:
            if error.status is RPCStatusCode.NOT_FOUND:
                return False
            raise
        return True


def reconciliation(queue: TaskQueue) -> Periodic:
    """The comparison of a home service's open processes with their workflows."""
    return Periodic(RECONCILE_PROCESSES, reconciliation_id(queue), queue, RECONCILE_EVERY)


def purge_of_attachments() -> Periodic:
    """At night, and never because a worker begins: between a change of the retention and its effect is time to look."""
    return Periodic(
        PURGE_ATTACHMENTS,
        PURGE_ATTACHMENTS,
        TaskQueue.OPPORTUNITY,
        PURGE_EVERY,
        at=PURGE_AT,
        at_once=False,
        catch_up=PURGE_CATCH_UP,
    )


async def prepare(client: Client, schedules: Sequence[Periodic], retired: Sequence[str] = ()) -> None:
    """What the namespace needs before the first task. ``retired``: ids of Schedules that earlier versions made."""
    await register_search_attributes(client)
    for schedule in schedules:
        await schedule.ensure(client)
    for schedule_id in retired:
        try:
            await client.get_schedule_handle(schedule_id).delete()
        except RPCError as error:
            if error.status is not RPCStatusCode.NOT_FOUND:
                raise


async def keep_prepared(client: Client, schedules: Sequence[Periodic], stop: asyncio.Event) -> None:
    """A Temporal that lost its data answers as if nothing had been: what it lacks is made again, which also starts
    the comparisons that bring lost processes and timers back."""
    while not stop.is_set():
        await pause(stop, LOOK_EVERY.total_seconds())
        try:
            missing = [schedule for schedule in schedules if not await schedule.is_there(client)]
            if missing and not stop.is_set():
                log.warning("Temporal has lost its data", extra={"schedules": [schedule.id for schedule in missing]})
                await prepare(client, missing)
        except RPCError as error:
            log.warning("Temporal's Schedules can't be looked at: %s", error)
