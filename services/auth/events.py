"""Auth's events, from its records. Each state change carries all that copies keep of a user."""

from typing import TypeVar
from uuid import UUID

from services.auth.record import Department, User
from services.contracts.events.department import DepartmentSnapshot
from services.contracts.events.user import UserSnapshot
from services.contracts.permissions import Role
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.outbox import record_change

USERS = "users"
DEPARTMENTS = "departments"
Snapshot = TypeVar("Snapshot", bound=UserSnapshot)


def snapshot(event: type[Snapshot], user: User) -> Snapshot:
    return event(
        user_id=user.id,
        name=user.name,
        email=user.email,
        state=user.state,
        manager_id=user.manager_id,
        roles=[Role(role) for role in user.roles],
        department_id=user.department_id,
    )


async def user_changed(
    uow: UnitOfWork, event: type[UserSnapshot], user: User, *, process_id: UUID | None = None
) -> None:
    """Publish the state that the row has now."""
    await record_change(uow, table=USERS, aggregate_id=user.id, event=snapshot(event, user), process_id=process_id)


def department_snapshot(event: type[DepartmentSnapshot], department: Department) -> DepartmentSnapshot:
    return event(
        department_id=department.id,
        name=department.name,
        code=department.code,
        parent_id=department.parent_id,
        head_id=department.head_id,
        deleted=department.deleted_at is not None,
    )


async def department_changed(uow: UnitOfWork, event: type[DepartmentSnapshot], department: Department) -> None:
    """Publish the state that the row has now."""
    told = department_snapshot(event, department)
    await record_change(uow, table=DEPARTMENTS, aggregate_id=department.id, event=told)
