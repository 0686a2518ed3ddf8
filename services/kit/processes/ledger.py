"""The ledger of processes in their home database: what ran, how far, with which end. It outlives Temporal's retention.

Every event carries the whole state of the process, so a projection keeps the newest version and needs no order.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import orjson

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.errors import Conflict, Text
from services.kit.events.outbox import record_change, record_created
from services.kit.processes.events import (
    ProcessCompensated,
    ProcessCompleted,
    ProcessNeedsAttention,
    ProcessProgress,
    ProcessSnapshot,
    ProcessStarted,
    ProcessStepCompleted,
    ProcessStepState,
)
from services.kit.processes.statuses import TERMINAL_PROCESS_STATUSES, ProcessStatus, StepStatus
from services.kit.running import clock

_ENDED_STEPS: Final = frozenset({StepStatus.DONE, StepStatus.UNDONE})


async def open_process(
    uow: UnitOfWork,
    *,
    process_id: UUID,
    workflow_id: str,
    type: str,  # noqa: A002
    resource_id: UUID,
    actor_id: UUID | None,
    steps: Sequence[str],
    done: Sequence[str] = (),
    total: int | None = None,
    start: Mapping[str, Any] | None = None,
) -> None:
    """Writes the process as REQUESTED with its planned steps, and process.started.

    ``done``: those of the steps that this transaction does itself. ``total``: how many rows the whole process will
    touch, if a preview counted them. ``start``: what starts its workflow, should that be lost.
    """
    now = clock.now()
    await uow.execute(
        "INSERT INTO processes (id, workflow_id, type, resource_id, actor_id, status, total, started_at, start)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s::jsonb)",
        [
            process_id,
            workflow_id,
            type,
            resource_id,
            actor_id,
            ProcessStatus.REQUESTED,
            total,
            now,
            None if start is None else orjson.dumps(start).decode(),
        ],
    )
    await uow.execute(
        "INSERT INTO process_steps (process_id, position, name, status, started_at, finished_at)"
        " SELECT %(process_id)s, position, name, CASE WHEN is_done THEN %(done_status)s ELSE %(planned)s END,"
        " CASE WHEN is_done THEN %(now)s END, CASE WHEN is_done THEN %(now)s END"
        " FROM (SELECT position, name, name = ANY(%(done)s) AS is_done"
        " FROM unnest(%(steps)s::text[]) WITH ORDINALITY AS step (name, position)) AS step",
        {
            "process_id": process_id,
            "done_status": StepStatus.DONE,
            "planned": StepStatus.PLANNED,
            "now": now,
            "done": list(done),
            "steps": list(steps),
        },
    )
    snapshot = await _snapshot(uow, process_id)
    event = ProcessStarted.model_validate(snapshot)
    await record_created(uow, aggregate_id=process_id, event=event, process_id=process_id)


async def record_step(
    uow: UnitOfWork,
    *,
    process_id: UUID,
    step: str,
    status: StepStatus,
    done: int | None = None,
    total: int | None = None,
    detail: str | None = None,
) -> None:
    """Moves one step, and the process with it. ``done`` and ``total`` None keep what is known; ``detail`` replaces.

    A late RUNNING (an attempt that was given up and still reports) does not reopen a step that has ended. A step that
    was not planned is appended. Raises LookupError for an unknown process.
    """
    process = await uow.one("SELECT status FROM processes WHERE id = %s FOR UPDATE", [process_id])
    if process is None:
        raise LookupError(f"no process {process_id}")
    before = await uow.scalar(
        "SELECT status FROM process_steps WHERE process_id = %s AND name = %s", [process_id, step]
    )
    if status is StepStatus.RUNNING and before in _ENDED_STEPS:
        return
    now = clock.now()
    await uow.execute(
        "INSERT INTO process_steps AS step (process_id, position, name, status, done, total, started_at, finished_at,"
        " detail) VALUES (%(process_id)s, (SELECT coalesce(max(position), 0) + 1 FROM process_steps"
        " WHERE process_id = %(process_id)s), %(step)s, %(status)s, %(done)s, %(total)s, %(now)s, %(finished)s,"
        " %(detail)s) ON CONFLICT (process_id, name) DO UPDATE SET status = excluded.status,"
        " done = coalesce(excluded.done, step.done), total = coalesce(excluded.total, step.total),"
        " started_at = coalesce(step.started_at, excluded.started_at), finished_at = excluded.finished_at,"
        " detail = excluded.detail",
        {
            "process_id": process_id,
            "step": step,
            "status": status,
            "done": done,
            "total": total,
            "now": now,
            "finished": now if status in _ENDED_STEPS else None,
            "detail": detail,
        },
    )
    if process["status"] in TERMINAL_PROCESS_STATUSES:
        return
    if status is StepStatus.NEEDS_ATTENTION:
        await _move(uow, process_id, ProcessStatus.NEEDS_ATTENTION, ProcessNeedsAttention, detail)
    elif process["status"] != ProcessStatus.RUNNING or (status in _ENDED_STEPS and before != status):
        await _move(uow, process_id, ProcessStatus.RUNNING, ProcessStepCompleted, None)


async def finish_process(
    uow: UnitOfWork, *, process_id: UUID, status: ProcessStatus, detail: str | None = None
) -> None:
    """Sets the end of a process (or NEEDS_ATTENTION, which is none) and writes its event. A repeat does nothing."""
    events: dict[ProcessStatus, type[ProcessSnapshot]] = {
        ProcessStatus.COMPLETED: ProcessCompleted,
        ProcessStatus.COMPENSATED: ProcessCompensated,
        ProcessStatus.NEEDS_ATTENTION: ProcessNeedsAttention,
    }
    before = await uow.scalar("SELECT status FROM processes WHERE id = %s FOR UPDATE", [process_id])
    if before is None:
        raise LookupError(f"no process {process_id}")
    if before == status or before in TERMINAL_PROCESS_STATUSES:
        return
    await _move(uow, process_id, status, events[status], detail)


async def decide(uow: UnitOfWork, process_id: UUID) -> bool:
    """Notes that the pivot commits with this transaction; False if it has committed before.

    A process that the ledger does not know holds nothing, which the pivot itself will find. Raises Conflict for a
    process that is being undone: whoever asks is a run that was given up.
    """
    row = await uow.one("SELECT decided_at, turned_back_for FROM processes WHERE id = %s FOR UPDATE", [process_id])
    if row is None:
        return True
    if row["decided_at"] is not None:
        return False
    if row["turned_back_for"] is not None:
        raise Conflict(Text("処理は取り消し中です", "The process is being undone"))
    await uow.execute("UPDATE processes SET decided_at = %s WHERE id = %s", [clock.now(), process_id])
    return True


async def turn_back(uow: UnitOfWork, process_id: UUID, reason: str) -> bool:
    """Notes that the process is being undone; False if its pivot has committed. The first reason stays."""
    row = await uow.one("SELECT decided_at FROM processes WHERE id = %s FOR UPDATE", [process_id])
    if row is None:
        raise LookupError(f"no process {process_id}")
    if row["decided_at"] is not None:
        return False
    await uow.execute(
        "UPDATE processes SET turned_back_for = coalesce(turned_back_for, %s) WHERE id = %s", [reason, process_id]
    )
    return True


async def known(reader: Reader, process_id: UUID) -> dict[str, Any]:
    """What a new run of the workflow has to know of the runs before it. Raises LookupError for an unknown process."""
    process = await reader.one(
        "SELECT status, detail, decided_at IS NOT NULL AS decided, turned_back_for FROM processes WHERE id = %s",
        [process_id],
    )
    if process is None:
        raise LookupError(f"no process {process_id}")
    steps = await reader.all("SELECT name, status, detail FROM process_steps WHERE process_id = %s", [process_id])
    return dict(process) | {"steps": {step.pop("name"): step for step in map(dict, steps)}}


async def ended_before(reader: Reader, before: datetime, limit: int) -> list[UUID]:
    """Processes that ended before this instant and whose steps' answers are still kept, the oldest first."""
    rows = await reader.all(
        "SELECT id FROM processes WHERE finished_at < %s AND steps_forgotten_at IS NULL ORDER BY finished_at LIMIT %s",
        [before, limit],
    )
    return [row["id"] for row in rows]


async def steps_forgotten(uow: UnitOfWork, process_ids: Sequence[UUID]) -> None:
    await uow.execute(
        "UPDATE processes SET steps_forgotten_at = %s WHERE id = ANY(%s)", [clock.now(), list(process_ids)]
    )


async def open_process_of(reader: Reader, resource_id: UUID) -> UUID | None:
    """The process that still works on the resource, whatever state the resource is in already."""
    process_id: UUID | None = await reader.scalar(
        "SELECT id FROM processes WHERE resource_id = %s AND finished_at IS NULL ORDER BY started_at LIMIT 1",
        [resource_id],
    )
    return process_id


async def process_view(reader: Reader, process_id: UUID) -> dict[str, Any] | None:
    """The saga as the API shows it, without its ``temporalUrl`` (which settings know); None if there is none."""
    snapshot = await _snapshot(reader, process_id)
    if snapshot is None:
        return None
    view = snapshot.model_dump(mode="json", by_alias=True)
    return {"id": view.pop("processId")} | view


async def _move(
    uow: UnitOfWork, process_id: UUID, status: ProcessStatus, event: type[ProcessSnapshot], detail: str | None
) -> None:
    finished_at = clock.now() if status in TERMINAL_PROCESS_STATUSES else None
    await uow.execute(
        "UPDATE processes SET status = %s, detail = %s, finished_at = %s WHERE id = %s",
        [status, detail, finished_at, process_id],
    )
    payload = event.model_validate(await _snapshot(uow, process_id))
    await record_change(uow, table="processes", aggregate_id=process_id, event=payload, process_id=process_id)


async def _snapshot(reader: Reader, process_id: UUID) -> ProcessSnapshot | None:
    rows = await reader.all(
        "SELECT p.id AS process_id, p.workflow_id, p.type, p.resource_id, p.actor_id, p.status AS process_status,"
        " p.detail AS process_detail, p.total AS process_total, p.started_at AS process_started_at,"
        " p.finished_at AS process_finished_at, s.name, s.status, s.done, s.total, s.started_at, s.finished_at,"
        " s.detail"
        " FROM processes p LEFT JOIN process_steps s ON s.process_id = p.id WHERE p.id = %s ORDER BY s.position",
        [process_id],
    )
    if not rows:
        return None
    process = rows[0]
    steps = [ProcessStepState.model_validate(row) for row in rows if row["name"] is not None]
    return ProcessSnapshot(
        process_id=process["process_id"],
        workflow_id=process["workflow_id"],
        type=process["type"],
        resource_id=process["resource_id"],
        actor_id=process["actor_id"],
        status=process["process_status"],
        detail=process["process_detail"],
        steps=steps,
        progress=_progress(process, steps),
        started_at=process["process_started_at"],
        finished_at=process["process_finished_at"],
    )


def _progress(process: Row, steps: Sequence[ProcessStepState]) -> ProcessProgress:
    """Rows where a preview counted them, else steps. A total that turns out too small grows with what was done."""
    if process["process_total"]:
        done = sum(step.done or 0 for step in steps if step.status is not StepStatus.UNDONE)
        return ProcessProgress(done=done, total=max(done, process["process_total"]))
    ended = sum(step.status in _ENDED_STEPS for step in steps)
    return ProcessProgress(done=ended, total=len(steps))
