"""The processes of users on a real Temporal, with auth as it is and the other services played by fakes."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from temporalio import activity
from temporalio.client import Client
from temporalio.worker import Worker
from temporalio.worker.workflow_sandbox import SandboxedWorkflowRunner, SandboxRestrictions

from activities.auth.handlers import AuthActivities
from activities.ledger.handlers import LedgerActivities
from services.contracts.processes import TaskQueue
from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep, SliceResult, SweepResult
from services.kit.db.database import Database
from services.kit.errors import Conflict
from services.kit.processes.failures import application_error
from services.kit.processes.intent_relay import IntentRelay
from workers.runtime import PASSED_THROUGH
from workflows.user_deletion import UserDeletion
from workflows.user_restoration import UserRestoration

WORK = {"customer": "customers", "sales_activity": "activities", "opportunity": "approvals"}
"""What each other service keeps of a user, as its steps are named."""


@dataclass
class FakeServices:
    """Items per service and owner; ``refuses`` names steps that answer with a business error."""

    items: dict[str, dict[UUID, int]] = field(default_factory=lambda: {service: {} for service in WORK})
    fenced: set[tuple[str, UUID, UUID]] = field(default_factory=set)
    moves: dict[tuple[str, UUID], list[tuple[UUID, UUID]]] = field(default_factory=dict)
    refuses: set[str] = field(default_factory=set)
    stalls: set[str] = field(default_factory=set)
    calls: Counter[str] = field(default_factory=Counter)
    slice_size: int = 2

    def owned(self, service: str, user: UUID) -> int:
        return self.items[service].get(user, 0)

    def give(self, user: UUID, count: int) -> None:
        for service in WORK:
            self.items[service][user] = count

    def _enter(self, name: str) -> None:
        self.calls[name] += 1
        if name in self.refuses:
            raise application_error(Conflict())
        if name in self.stalls:
            raise ConnectionError("the service is away")

    def activities(self, service: str) -> Sequence[Callable[..., Any]]:
        work = WORK[service]

        @activity.defn(name=f"{service}.fence_user")
        async def fence(step: ProcessStep) -> Acknowledged:
            self._enter(f"{service}.fence_user")
            self.fenced.add((service, step.resource_id, step.process_id))
            return Acknowledged()

        @activity.defn(name=f"{service}.unfence_user")
        async def unfence(step: ProcessStep) -> Acknowledged:
            self._enter(f"{service}.unfence_user")
            self.fenced.discard((service, step.resource_id, step.process_id))
            return Acknowledged()

        @activity.defn(name=f"{service}.reassign_{work}")
        async def reassign(step: ReassignStep) -> SliceResult:
            self._enter(f"{service}.reassign_{work}")
            count = min(self.slice_size, self.owned(service, step.resource_id))
            if count:
                assert step.successor_id is not None
                self._move(service, step.resource_id, step.successor_id, count)
                moves = self.moves.setdefault((service, step.process_id), [])
                moves += [(step.resource_id, step.successor_id)] * count
            return SliceResult(done=count, remaining=self.owned(service, step.resource_id))

        @activity.defn(name=f"{service}.return_{work}")
        async def give_back(step: ReturnStep) -> SliceResult:
            self._enter(f"{service}.return_{work}")
            moves = self.moves.get((service, step.deletion_process_id), [])
            taken, moves[: self.slice_size] = moves[: self.slice_size], []
            for from_id, to_id in taken:
                self._move(service, to_id, from_id, 1)
            return SliceResult(done=len(taken), remaining=len(moves))

        @activity.defn(name=f"{service}.sweep_user")
        async def sweep(step: ProcessStep) -> SweepResult:
            self._enter(f"{service}.sweep_user")
            return SweepResult(found=self.owned(service, step.resource_id))

        return [fence, unfence, reassign, give_back, sweep]

    def _move(self, service: str, from_id: UUID, to_id: UUID, count: int) -> None:
        owners = self.items[service]
        owners[from_id] = owners.get(from_id, 0) - count
        owners[to_id] = owners.get(to_id, 0) + count


@asynccontextmanager
async def running_processes(temporal: Client, db: Database, fakes: FakeServices) -> AsyncIterator[None]:
    """Auth's worker and relay, and a worker for each of the others."""
    ledger = LedgerActivities(db, temporal)
    runner = SandboxedWorkflowRunner(restrictions=SandboxRestrictions.default.with_passthrough_modules(*PASSED_THROUGH))
    queues: dict[TaskQueue, Sequence[Callable[..., Any]]] = {
        TaskQueue.CUSTOMER: fakes.activities("customer"),
        TaskQueue.SALES_ACTIVITY: fakes.activities("sales_activity"),
        TaskQueue.OPPORTUNITY: fakes.activities("opportunity"),
        TaskQueue.AUTH: [*AuthActivities(db).all(), *ledger.all()],
    }
    stop = asyncio.Event()
    async with AsyncExitStack() as stack:
        for queue, activities in queues.items():
            workflows = [UserDeletion, UserRestoration] if queue is TaskQueue.AUTH else []
            worker = Worker(
                temporal, task_queue=queue, workflows=workflows, activities=activities, workflow_runner=runner
            )
            await stack.enter_async_context(worker)
        relay = asyncio.create_task(IntentRelay(db, temporal).run(stop))
        try:
            yield
        finally:
            stop.set()
            await relay
