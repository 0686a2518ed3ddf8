"""Auth's own steps in the deletion of a user and in its undo; the workflow repeats them as often as it has to."""

from uuid import UUID

from services.auth.errors import WrongState
from services.auth.events import department_changed, user_changed
from services.auth.record import Department, User
from services.auth.repository import departments, reports, users
from services.contracts.events.department import DepartmentUpdated
from services.contracts.events.user import UserDeleted, UserDeletionUndone, UserRestored, UserUpdated
from services.contracts.states import UserState
from services.contracts.steps import Acknowledged, ProcessStep, ReassignStep, ReturnStep
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.errors import Conflict, Text
from services.kit.events.audit import changes, record_audit
from services.kit.processes.steps import ROWS_PER_TRANSACTION
from services.kit.running import clock


async def reassign_reports(uow: UnitOfWork, step: ReassignStep) -> int:
    """Reports of the leaver get the successor as manager, or the leaver's own manager where that closes no circle; the
    departments that the leaver heads get the successor as head, or nobody without one.

    Returns how many were moved.
    """
    leaver = await users.lock(uow, step.resource_id)
    moved = 0
    for report in await reports.lock_reports(uow, leaver.id, ROWS_PER_TRANSACTION):
        successor = step.successor_id or leaver.manager_id
        if successor is not None and await users.reports_to(uow, successor, report.id):
            successor = leaver.manager_id
        await reports.record_move(
            uow, process_id=step.process_id, user_id=report.id, from_id=leaver.id, to_id=successor
        )
        report.manager_id = successor
        await _save(uow, report)
        moved += 1
    for department in await departments.lock_headed(uow, leaver.id, ROWS_PER_TRANSACTION):
        await departments.record_move(
            uow, process_id=step.process_id, department_id=department.id, from_id=leaver.id, to_id=step.successor_id
        )
        await _give_headship(uow, department, step.successor_id)
        moved += 1
    return moved


async def reports_left(reader: Reader, user_id: UUID) -> int:
    return await users.count_reports(reader, user_id) + await departments.count_headed(reader, user_id)


async def return_reports(uow: UnitOfWork, step: ReturnStep) -> int:
    """Who still reports to whom the deletion gave them goes back; who was moved since, or left, stays. So do
    departments whose head was changed since; the others are the user's again.

    Returns how many moves were looked at.
    """
    taken, movable = await reports.take_moves(uow, step.deletion_process_id, ROWS_PER_TRANSACTION)
    for report in movable:
        if not await users.reports_to(uow, step.resource_id, report.id):
            report.manager_id = step.resource_id
            await _save(uow, report)
    headships, unchanged = await departments.take_moves(uow, step.deletion_process_id, ROWS_PER_TRANSACTION)
    for department in unchanged:
        await _give_headship(uow, department, step.resource_id)
    return taken + headships


async def moves_left(reader: Reader, deletion_id: UUID) -> int:
    return await reports.count_moves(reader, deletion_id) + await departments.count_moves(reader, deletion_id)


async def _give_headship(uow: UnitOfWork, department: Department, head_id: UUID | None) -> None:
    """A new version of the content as well: who has the department open in a form must not undo it unknowing."""
    before = department.head_id
    department.head_id = head_id
    department.version += 1
    department.updated_at = clock.now()
    await departments.save(uow, department)
    await department_changed(uow, DepartmentUpdated, department)
    detail = {"name": department.name} | changes({"head_id": before}, department, ["head_id"])
    await record_audit(
        uow, action="department.updated", resource_type="department", resource_id=department.id, detail=detail
    )


async def _save(uow: UnitOfWork, user: User) -> None:
    user.updated_at = clock.now()
    await reports.save_manager(uow, user)
    await user_changed(uow, UserUpdated, user)


async def confirm_deletion(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """Pivot: DEACTIVATING → DELETED. Refused when the process no longer holds the user, or somebody reports to them."""
    user = await users.lock(uow, step.resource_id)
    if user.deletion_process_id == step.process_id and user.state is UserState.DELETED:
        return Acknowledged()
    if user.deletion_process_id != step.process_id or user.state is not UserState.DEACTIVATING:
        raise WrongState(state=user.state)
    if await users.count_reports(uow, user.id):
        raise Conflict(Text("部下が残っています", "Somebody still reports to this user"))
    if await departments.count_headed(uow, user.id):
        raise Conflict(Text("部門長になっている部門が残っています", "This user still heads a department"))
    user.state, user.blocked_by_process = UserState.DELETED, None
    user.deleted_at = user.updated_at = clock.now()
    await users.save_lifecycle(uow, user)
    await user_changed(uow, UserDeleted, user)
    await record_audit(uow, action="user.deleted", resource_type="user", resource_id=user.id)
    return Acknowledged()


async def undo_deletion(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """DEACTIVATING → the state before, where this process holds the user; the sessions stay ended."""
    user = await users.lock(uow, step.resource_id)
    if user.blocked_by_process == step.process_id and user.state is UserState.DEACTIVATING:
        user.state = UserState(user.state_before or UserState.ACTIVE)
        user.state_before = user.blocked_by_process = user.deletion_process_id = None
        user.updated_at = clock.now()
        await users.save_lifecycle(uow, user)
        await user_changed(uow, UserDeletionUndone, user)
        await record_audit(uow, action="user.deletion_undone", resource_type="user", resource_id=user.id)
    return Acknowledged()


async def confirm_restoration(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """Pivot: DELETED → ACTIVE; they sign in again with the password they had, and belong to their department if there
    still is one."""
    user = await users.lock(uow, step.resource_id)
    if user.blocked_by_process != step.process_id or user.state is not UserState.DELETED:
        raise WrongState(state=user.state)
    user.state = UserState.ACTIVE
    user.state_before = user.blocked_by_process = user.deleted_at = None
    if user.department_id is not None and not await departments.hold(uow, user.department_id):
        user.department_id = None
    user.updated_at = clock.now()
    await users.save_lifecycle(uow, user)
    await user_changed(uow, UserRestored, user)
    await record_audit(uow, action="user.restored", resource_type="user", resource_id=user.id)
    return Acknowledged()


async def undo_restoration(uow: UnitOfWork, step: ProcessStep) -> Acknowledged:
    """The user stays DELETED and may be restored again."""
    user = await users.lock(uow, step.resource_id)
    if user.blocked_by_process == step.process_id and user.state is UserState.DELETED:
        user.blocked_by_process = None
        user.updated_at = clock.now()
        await users.save_lifecycle(uow, user)
        await record_audit(uow, action="user.restoration_undone", resource_type="user", resource_id=user.id)
    return Acknowledged()
