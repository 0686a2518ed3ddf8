"""Rules of tasks: who may change what, from which state to which, and what every change leaves behind."""

from dataclasses import replace
from typing import Any
from uuid import UUID

from services.contracts.events.sales import TaskCompleted, TaskCreated, TaskDeleted, TaskSnapshot, TaskUpdated
from services.contracts.states import LIVE_TASK_STATES, TaskState
from services.kit.db.unit_of_work import Row, UnitOfWork
from services.kit.errors import Forbidden, NotFound
from services.kit.events import audit
from services.kit.events.audit import outrun, record_audit
from services.kit.events.outbox import record_change, record_created
from services.kit.running import clock
from services.kit.running.ids import new_id
from services.kit.trust.principal import Principal
from services.sales_activity import access
from services.sales_activity.errors import TaskEnded, TaskTransitionRefused
from services.sales_activity.events import task_event
from services.sales_activity.record import TaskRecord
from services.sales_activity.references import Directory
from services.sales_activity.repository import tasks as repository
from services.sales_activity.schemas import TaskCreate, TaskUpdate
from services.sales_activity.service import checks, timers
from services.sales_activity.service.offers import with_actions
from services.sales_activity.states import reopens, task_may_go

RESOURCE = "task"
_TEXT_FIELDS = ("title", "description")
_EDITS = ("task.update", "task.status", "task.reopen")
"""What makes a new version of the content."""


async def create(uow: UnitOfWork, principal: Principal, directory: Directory, body: TaskCreate) -> Row:
    user_id = body.user_id or principal.user_id
    await checks.assignee(uow, directory, principal, user_id)
    if body.customer_id is not None:
        await checks.customer(uow, directory, principal, body.customer_id)
    values = body.model_dump() | {
        "id": new_id(),
        "user_id": user_id,
        "due_soon_for": timers.already_past(body.due_date),
        "created_by": principal.user_id,
        "now": clock.now(),
    }
    task = await repository.insert(uow, values)
    await record_created(uow, aggregate_id=task.id, event=task_event(TaskCreated, task))
    await timers.start(uow, [task])
    await record_audit(uow, action="task.create", resource_type=RESOURCE, resource_id=task.id)
    return await _shown(uow, principal, task.id)


async def update(
    uow: UnitOfWork, principal: Principal, directory: Directory, task_id: UUID, version: int, body: TaskUpdate
) -> Row:
    before = await _writable(uow, principal, task_id, version)
    if before.state not in LIVE_TASK_STATES:
        raise TaskEnded(state=before.state)
    wanted = replace(before, **body.model_dump(exclude_unset=True))
    if wanted.user_id != before.user_id:
        await checks.assignee(uow, directory, principal, wanted.user_id)
    await _check_customers(uow, directory, principal, before, wanted.customer_id)
    if wanted.due_date != before.due_date:
        wanted = replace(wanted, due_soon_for=timers.already_past(wanted.due_date))
    after = await repository.update(uow, wanted, clock.now())
    await _record(uow, TaskUpdated, after)
    await timers.follow(uow, before, after)
    await record_audit(
        uow, action="task.update", resource_type=RESOURCE, resource_id=task_id, detail=_changed(before, after)
    )
    return await _shown(uow, principal, task_id)


async def change_status(
    uow: UnitOfWork, principal: Principal, directory: Directory, task_id: UUID, version: int | None, target: TaskState
) -> Row:
    before = await _writable(uow, principal, task_id, version)
    state = before.state
    if not task_may_go(state, target):
        raise TaskTransitionRefused(state=state)
    if before.customer_id is not None:
        await checks.customer_unblocked(uow, directory, principal, before.customer_id)
    if state == target:
        return await _shown(uow, principal, task_id)
    after = await repository.set_state(uow, task_id, target, clock.now())
    await _record(uow, TaskCompleted if target is TaskState.COMPLETED else TaskUpdated, after)
    await timers.follow(uow, before, after)
    action = "task.reopen" if reopens(state, target) else "task.status"
    detail = {"from": state, "to": target}
    await record_audit(uow, action=action, resource_type=RESOURCE, resource_id=task_id, detail=detail)
    return await _shown(uow, principal, task_id)


async def delete(
    uow: UnitOfWork, principal: Principal, directory: Directory, task_id: UUID, version: int | None
) -> None:
    before = await _writable(uow, principal, task_id, version)
    if before.customer_id is not None:
        await checks.customer_unblocked(uow, directory, principal, before.customer_id)
    after = await repository.delete(uow, task_id, clock.now())
    await _record(uow, TaskDeleted, after)
    await timers.follow(uow, before, after)
    await record_audit(uow, action="task.delete", resource_type=RESOURCE, resource_id=task_id)


async def _writable(uow: UnitOfWork, principal: Principal, task_id: UUID, version: int | None) -> TaskRecord:
    """The locked task; 404 if the caller may not see it, 403 if they may not change it, 412 if they read another."""
    writer = access.writer(principal)
    found = await repository.lock(uow, task_id, access.reader(principal), writer)
    if found is None:
        raise NotFound
    task, writable = found
    if not writable:
        raise Forbidden
    if version is not None and version != task.version:
        raise await outrun(uow, RESOURCE, task_id, task.version, by=_EDITS)
    return task


async def _check_customers(
    uow: UnitOfWork, directory: Directory, principal: Principal, before: TaskRecord, customer_id: UUID | None
) -> None:
    if before.customer_id is not None:
        await checks.customer_unblocked(uow, directory, principal, before.customer_id)
    if customer_id is not None and customer_id != before.customer_id:
        await checks.customer(uow, directory, principal, customer_id)


async def _record(uow: UnitOfWork, kind: type[TaskSnapshot], task: TaskRecord) -> None:
    await record_change(uow, table="tasks", aggregate_id=task.id, event=task_event(kind, task))


async def _shown(uow: UnitOfWork, principal: Principal, task_id: UUID) -> Row:
    """As the API shows it. Who hands a task over to somebody else may lose sight of it, yet gets this answer."""
    row = await repository.view(uow, task_id, access.everything(principal), clock.now())
    assert row is not None
    await with_actions(uow, principal, [row])
    return row


def _changed(before: TaskRecord, after: TaskRecord) -> dict[str, Any]:
    fields = ("customer_id", "user_id", "priority", "due_date", "lead_hours", *_TEXT_FIELDS)
    return audit.changes(before, after, fields, hidden=_TEXT_FIELDS)
