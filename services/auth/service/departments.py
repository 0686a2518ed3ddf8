"""Creating, changing and deleting departments."""

from typing import Final
from uuid import UUID

from services.auth.department_schemas import DepartmentInput
from services.auth.errors import CodeTaken, DepartmentCycle, DepartmentInUse, NameTaken, TooManyDepartments
from services.auth.events import department_changed, department_snapshot
from services.auth.record import Department
from services.auth.repository import departments, users
from services.auth.service.users import CHANGEABLE
from services.contracts.events.department import DepartmentCreated, DepartmentDeleted, DepartmentUpdated
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import FieldError, Text, Unprocessable
from services.kit.events.audit import changes, outrun, record_audit
from services.kit.events.outbox import record_created
from services.kit.processes.fences import check_unblocked
from services.kit.running import clock
from services.kit.running.ids import new_id

RESOURCE: Final = "department"
MAX_DEPARTMENTS: Final = 1_000
"""The tree is answered whole; the largest firms have some hundred."""
_FIELDS: Final = ("name", "code", "parent_id", "head_id")
_EDITS: Final = ("department.created", "department.updated")


async def create(uow: UnitOfWork, wanted: DepartmentInput) -> Department:
    """Raises NameTaken, CodeTaken, TooManyDepartments, or field errors for an impossible parent or head."""
    await departments.hold_tree(uow)
    if await departments.count(uow) >= MAX_DEPARTMENTS:
        raise TooManyDepartments(most=MAX_DEPARTMENTS)
    await users.lock_in_order(uow, [wanted.head_id])
    now = clock.now()
    department = Department(id=new_id(), **wanted.model_dump(), created_at=now, updated_at=now)
    await _check(uow, department, None)
    await departments.insert(uow, department)
    told = department_snapshot(DepartmentCreated, department)
    await record_created(uow, aggregate_id=department.id, event=told)
    await _audit(uow, "department.created", department, changes(None, department, _FIELDS))
    return department


async def change(uow: UnitOfWork, department_id: UUID, version: int, wanted: DepartmentInput) -> Department:
    """Raises NotFound, PreconditionFailed, NameTaken, CodeTaken, DepartmentCycle, or field errors."""
    await departments.hold_tree(uow)
    await users.lock_in_order(uow, [wanted.head_id])  # users before departments, as everybody locks them
    department = await _locked(uow, department_id, version)
    before = department.values()
    for field, value in wanted.model_dump().items():
        setattr(department, field, value)
    await _check(uow, department, before["head_id"])
    department.version += 1
    department.updated_at = clock.now()
    await departments.save(uow, department)
    await department_changed(uow, DepartmentUpdated, department)
    await _audit(uow, "department.updated", department, changes(before, department, _FIELDS))
    return department


async def delete(uow: UnitOfWork, department_id: UUID, version: int, *, routes: int) -> None:
    """Nobody heads it any more, and its name is free. ``routes``: how many routes name its head.

    Raises NotFound, PreconditionFailed, DepartmentInUse.
    """
    await departments.hold_tree(uow)
    department = await _locked(uow, department_id, version)
    below = await departments.count_below(uow, department_id)
    members = await departments.count_members(uow, department_id)
    if below or members or routes:
        raise DepartmentInUse(departments=below, members=members, routes=routes)
    before = department.values()
    department.head_id = None
    department.version += 1
    department.deleted_at = department.updated_at = clock.now()
    await departments.save(uow, department)
    await department_changed(uow, DepartmentDeleted, department)
    await _audit(uow, "department.deleted", department, changes(before, department, _FIELDS))


async def _locked(uow: UnitOfWork, department_id: UUID, version: int) -> Department:
    department = await departments.lock(uow, department_id)
    if department.version != version:
        raise await outrun(uow, RESOURCE, department_id, department.version, by=_EDITS)
    return department


async def _check(uow: UnitOfWork, department: Department, head_before: UUID | None) -> None:
    """A head who was there before stays, whatever became of them: who renames a department does not answer for it."""
    name_taken, code_taken = await departments.taken_by(uow, department)
    if name_taken:
        raise NameTaken(errors=[FieldError("/name", NameTaken.code, NameTaken.title)])
    if code_taken:
        raise CodeTaken(errors=[FieldError("/code", CodeTaken.code, CodeTaken.title)])
    if department.parent_id is not None:
        if not await departments.hold(uow, department.parent_id):
            message = Text("上位の部門が見つかりません", "There is no such department")
            raise Unprocessable.field("/parentId", "unknown_department", message)
        if await departments.lies_below(uow, department.parent_id, department.id):
            message = Text("自分または下位の部門の下には置けません", "It can't lie below itself")
            raise DepartmentCycle(errors=[FieldError("/parentId", DepartmentCycle.code, message)])
    if department.head_id is not None and department.head_id != head_before:
        head = await users.find(uow, department.head_id)
        if head is None or head.state not in CHANGEABLE:
            message = Text("このユーザーは部門長にできません", "This user can't head a department")
            raise Unprocessable.field("/headId", "unknown_user", message)
        await check_unblocked(uow, "users", head.id)


async def _audit(uow: UnitOfWork, action: str, department: Department, detail: dict[str, object]) -> None:
    named = {"name": department.name} | detail
    await record_audit(uow, action=action, resource_type=RESOURCE, resource_id=department.id, detail=named)
