"""One slice of a step over many requests: planned once, carried out with bounded concurrency, each for itself.

The ids of a slice are recorded under the step's key before the first of them is touched, so that a repeat does the
same requests and counts the same number.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final
from uuid import UUID

from temporalio.client import Client

from services.contracts.processes import ApprovalCommand, ApprovalOutcome
from services.contracts.states import ApprovalState
from services.contracts.steps import ProcessStep
from services.kit.db.database import Database, Reader
from services.kit.errors import ProblemError, Unavailable
from services.kit.models import CamelModel
from services.kit.processes.activity_edge import CannotBeDone
from services.kit.processes.steps import run_once
from services.kit.running.context import ActorContext
from services.opportunity import dispatch
from services.opportunity.actions import Action
from services.opportunity.repository import cascade
from services.opportunity.service import commands

SLICE: Final = 200
"""Requests in one call of a step."""
CONCURRENCY: Final = 12
"""Of them under way at once: each is an update of a workflow, and the people who decide want theirs in between."""


class _Planned(CamelModel):
    ids: list[UUID]


def system_context(step: ProcessStep) -> ActorContext:
    return ActorContext.system(process_id=step.process_id, actor_id=step.actor_id)


class FanOut:
    """``heartbeat`` reports progress and lets a cancel through (an activity's heartbeat)."""

    def __init__(self, db: Database, temporal: Client, heartbeat: Callable[..., None]) -> None:
        self._db = db
        self._temporal = temporal
        self._heartbeat = heartbeat

    async def planned(
        self, step: ProcessStep, name: str, find: Callable[[Reader, int], Awaitable[list[UUID]]]
    ) -> list[UUID]:
        """The ids of this slice; those of the first try when it is a repeat."""
        async with self._db.transaction(system_context(step)) as uow:

            async def plan() -> _Planned:
                return _Planned(ids=await find(uow, SLICE))

            key = f"{step.process_id}:{name}:{step.sequence}"
            return (await run_once(uow, key=key, result_type=_Planned, work=plan)).ids

    async def each(self, ids: Sequence[UUID], work: Callable[[UUID], Awaitable[bool]]) -> int:
        """How many of the ids ``work`` says it moved; the first infrastructure error ends the slice."""
        places = asyncio.Semaphore(CONCURRENCY)
        done = 0

        async def one(item: UUID) -> None:
            nonlocal done
            async with places:
                moved = await work(item)  # not added in place: others add while this one waits
                done += moved
                self._heartbeat(done)

        async with asyncio.TaskGroup() as group:
            for item in ids:
                group.create_task(one(item))
        return done

    async def commanded(
        self,
        step: ProcessStep,
        ids: Sequence[UUID],
        action: Action,
        *,
        terms: Mapping[UUID, Mapping[str, object]] | None = None,
        effective: Callable[[ApprovalOutcome], bool],
    ) -> int:
        """The action on each request, through its workflow, or on the row alone where there is no workflow.

        ``terms``: fields of a request's command beyond those that all commands have.
        """
        async with self._db.reader() as reader:
            rows = {row["id"]: row for row in await cascade.briefly(reader, ids)}

        async def one(approval_id: UUID) -> bool:
            command = action.command.model_validate(
                {
                    "approval_id": approval_id,
                    "actor_id": step.actor_id,
                    "actor_roles": [],
                    "command_key": f"{step.process_id}:{action.update}:{approval_id}:{step.sequence}",
                    "process_id": step.process_id,
                }
                | dict((terms or {}).get(approval_id, {}))
            )
            assert action.update is not None
            try:
                return effective(await self._send(command, action.update, rows[approval_id]))
            except Unavailable:
                raise
            except ProblemError as error:
                if error.code == CannotBeDone.code:
                    raise
                # Its state does not take the command (any more): somebody decided before us, and that stands.
                return False

        return await self.each(ids, one)

    async def _send(self, command: ApprovalCommand, update: str, row: Mapping[str, object]) -> ApprovalOutcome:
        generation = row["generation"]
        assert isinstance(generation, int)
        if ApprovalState.DRAFT in (row["state"], row["state_before"]):
            return await commands.once(self._db, update, command)
        try:
            return await dispatch.update_running(self._temporal, update, command, generation=generation)
        except dispatch.WorkflowGone:
            return await commands.once(self._db, update, command)
