"""Intents: what the relay must tell Temporal, written in the transaction that makes it true.

Lanes keep urgent things apart from bulk: processes first, then signals, timers last. Within one workflow id intents
are delivered in the order in which they were written, whatever their lanes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

import orjson
from pydantic import BaseModel

from services.kit.db.database import INTENTS_CHANNEL
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.running import clock

Lane = Literal["process", "signal", "timer"]
Kind = Literal["start", "signal", "terminate"]


@dataclass(frozen=True, slots=True)
class SearchAttributes:
    """What ops filter workflows by in the Temporal UI. Ids and names of types only, no personal data."""

    process_type: str
    resource_id: UUID
    actor_id: UUID | None = None
    status: str | None = None

    def as_json(self) -> dict[str, str]:
        values = {
            "ProcessType": self.process_type,
            "ResourceId": str(self.resource_id),
            "ActorId": None if self.actor_id is None else str(self.actor_id),
            "ProcessStatus": self.status,
        }
        return {name: value for name, value in values.items() if value is not None}


@dataclass(frozen=True, slots=True)
class StartIntent:
    """``start_at``: not before this instant (UTC). ``replace``: a running workflow of the id is ended first, a finished
    one does not matter (timers); otherwise an id starts once and never again."""

    workflow: str
    workflow_id: str
    task_queue: str
    argument: BaseModel
    search: SearchAttributes
    summary: str
    start_at: datetime | None = None
    replace: bool = False


def _plain(argument: BaseModel) -> Any:
    return argument.model_dump(mode="json", by_alias=True)


def as_json(intent: StartIntent) -> dict[str, Any]:
    """The instruction as the relay reads it, and as the ledger keeps it."""
    return {
        "workflow": intent.workflow,
        "taskQueue": intent.task_queue,
        "argument": _plain(intent.argument),
        "search": intent.search.as_json(),
        "summary": intent.summary,
        "startAt": None if intent.start_at is None else intent.start_at.isoformat(),
        "replace": intent.replace,
    }


async def start_workflows(uow: UnitOfWork, intents: Sequence[StartIntent], *, lane: Lane = "process") -> None:
    """Starts the workflows, in one statement, once the transaction has committed. See StartIntent."""
    await _write(uow, lane, "start", [(intent.workflow_id, as_json(intent)) for intent in intents])


async def start_again(uow: UnitOfWork, workflow_id: str, instruction: Mapping[str, Any]) -> None:
    """One more run of a workflow that has ended or is unknown, as it was started before; nothing if one is running."""
    await _write(uow, "process", "start", [(workflow_id, dict(instruction) | {"again": True})])


async def signal_workflow(
    uow: UnitOfWork,
    *,
    workflow_id: str,
    signal: str,
    argument: BaseModel,
    lane: Lane = "signal",
    not_before: datetime | None = None,
) -> None:
    """A signal to a finished or unknown workflow counts as delivered: the row wins.

    ``not_before`` (UTC): for what the workflow most likely knows already, and is told only in case it does not.
    Later intents for the same workflow wait for it.
    """
    await signal_workflows(uow, [(workflow_id, argument)], signal=signal, lane=lane, not_before=not_before)


async def signal_workflows(
    uow: UnitOfWork,
    targets: Sequence[tuple[str, BaseModel]],
    *,
    signal: str,
    lane: Lane = "signal",
    not_before: datetime | None = None,
) -> None:
    """One signal to many workflows in one statement."""
    rows = [(workflow_id, {"signal": signal, "argument": _plain(argument)}) for workflow_id, argument in targets]
    await _write(uow, lane, "signal", rows, not_before=not_before)


async def terminate_workflows(
    uow: UnitOfWork, workflow_ids: Sequence[str], *, reason: str, lane: Lane = "timer"
) -> None:
    """Ends workflows without their cooperation; one that is not there counts as ended."""
    await _write(uow, lane, "terminate", [(workflow_id, {"reason": reason}) for workflow_id in workflow_ids])


async def _write(
    uow: UnitOfWork,
    lane: Lane,
    kind: Kind,
    rows: Sequence[tuple[str, Mapping[str, Any]]],
    *,
    not_before: datetime | None = None,
) -> None:
    if not rows:
        return
    uow.wakes.add(INTENTS_CHANNEL)
    present = clock.now()
    await uow.execute(
        "INSERT INTO intents (lane, kind, workflow_id, instruction, traceparent, created_at, next_attempt_at)"
        " SELECT %(lane)s, %(kind)s, workflow_id, instruction::jsonb, %(traceparent)s, %(at)s,"
        # By the database's clock where this one is ahead: the relay's may be right, and would wait for minutes.
        " least(%(due)s, now() + (%(due)s::timestamptz - %(at)s::timestamptz))"
        " FROM unnest(%(workflow_ids)s::text[], %(instructions)s::text[]) WITH ORDINALITY"
        " AS intent (workflow_id, instruction, position) ORDER BY position",
        {
            "lane": lane,
            "kind": kind,
            "traceparent": uow.context.traceparent,
            "at": present,
            "due": not_before or present,
            "workflow_ids": [workflow_id for workflow_id, _ in rows],
            "instructions": [orjson.dumps(instruction).decode() for _, instruction in rows],
        },
    )
