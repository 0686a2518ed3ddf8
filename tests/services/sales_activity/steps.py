"""Runs the steps of processes as a worker would, without Temporal."""

from typing import Any
from uuid import UUID, uuid4

from temporalio.testing import ActivityEnvironment

from activities.sales_activity.handlers import SalesActivityActivities
from services.contracts.steps import ProcessStep, ReassignStep, RestoreStep, ReturnStep, SliceResult
from services.sales_activity.references import Directory
from tests.services.sales_activity.world import World

ACTOR = uuid4()


class Steps:
    def __init__(self, world: World) -> None:
        # Only the comparison of timers needs Temporal; it has tests of its own.
        self.handlers = SalesActivityActivities(world.db, Directory(world.db, world.client.kit.internal), temporal=None)  # type: ignore[arg-type]

    async def run(self, name: str, step: ProcessStep) -> Any:
        return await ActivityEnvironment().run(getattr(self.handlers, name), step)

    async def slices(self, name: str, step: ProcessStep, *, twice: bool = False) -> int:
        """Until nothing remains; `twice` calls each slice again, as after an answer that got lost."""
        done = 0
        while True:
            answer: SliceResult = await self.run(name, step)
            if twice:
                assert (await self.run(name, step)).done == answer.done
            done += answer.done
            if not answer.remaining:
                return done
            step = step.model_copy(update={"sequence": step.sequence + 1})


def deletion(resource: UUID) -> ProcessStep:
    return ProcessStep(process_id=uuid4(), resource_id=resource, actor_id=ACTOR)


def restoration(of: ProcessStep) -> RestoreStep:
    return RestoreStep(
        process_id=uuid4(), resource_id=of.resource_id, actor_id=ACTOR, deletion_process_id=of.process_id
    )


def handover(of: ProcessStep, successor: UUID | None) -> ReassignStep:
    return ReassignStep(**of.model_dump(), successor_id=successor)


def give_back(of: ProcessStep) -> ReturnStep:
    return ReturnStep(process_id=uuid4(), resource_id=of.resource_id, actor_id=ACTOR, deletion_process_id=of.process_id)
