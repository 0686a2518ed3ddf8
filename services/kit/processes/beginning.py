"""How a process begins: its ledger row, the intent to start its workflow and the audit entry are one transaction's."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.audit import record_audit
from services.kit.processes.intents import SearchAttributes, StartIntent, as_json, start_workflows
from services.kit.processes.ledger import open_process
from services.kit.processes.statuses import ProcessStatus


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditedAs:
    """How the audit log names the request for a process."""

    action: str
    resource_type: str
    detail: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewProcess:
    """``steps`` in order; ``done``: those that the transaction does itself. ``total``: how many rows the process will
    touch, if a preview counted them. ``status``: as Temporal's UI shows it until the workflow says otherwise."""

    id: UUID
    workflow_id: str
    type: str
    task_queue: str
    resource_id: UUID
    actor_id: UUID | None
    argument: BaseModel
    summary: str
    steps: Sequence[str]
    done: Sequence[str] = ()
    total: int | None = None
    status: str = ProcessStatus.REQUESTED


async def begin_process(uow: UnitOfWork, process: NewProcess, *, audited: AuditedAs | None = None) -> None:
    """Begins the process once the transaction has committed. The ledger keeps what started it, to start it again.

    ``audited`` None: the caller's own audit entry tells of it.
    """
    start = StartIntent(
        workflow=process.type,
        workflow_id=process.workflow_id,
        task_queue=process.task_queue,
        argument=process.argument,
        search=SearchAttributes(process.type, process.resource_id, process.actor_id, process.status),
        summary=process.summary,
    )
    await open_process(
        uow,
        process_id=process.id,
        workflow_id=process.workflow_id,
        type=process.type,
        resource_id=process.resource_id,
        actor_id=process.actor_id,
        steps=process.steps,
        done=process.done,
        total=process.total,
        start=as_json(start),
    )
    await start_workflows(uow, [start])
    if audited is not None:
        await record_audit(
            uow,
            action=audited.action,
            resource_type=audited.resource_type,
            resource_id=process.resource_id,
            detail={"processId": str(process.id)} | dict(audited.detail),
        )
