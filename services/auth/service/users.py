"""Creating and changing users."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from uuid import UUID

from services.auth import passwords
from services.auth.errors import EmailTaken, LastAdmin, ManagerCycle, SelfDeletion, WrongState
from services.auth.events import snapshot, user_changed
from services.auth.record import User
from services.auth.repository import departments, sessions, users
from services.auth.schemas import NewUser, UserChange
from services.auth.service.state import normal_email
from services.contracts.events.user import UserCreated, UserUpdated
from services.contracts.permissions import Role
from services.contracts.states import UserState
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import Blocked, FieldError, Forbidden, Text, Unprocessable
from services.kit.events.audit import changes, outrun, record_audit
from services.kit.events.outbox import record_created
from services.kit.processes.fences import check_unblocked
from services.kit.running import clock
from services.kit.running.ids import new_id

RESOURCE = "user"
EDITS = ("user.updated",)
"""What makes a new version of the content."""
ADMIN_FIELDS = ("roles", "manager_id", "department_id", "state")
"""Nobody writes these of themselves: they decide what a user may do."""
CHANGEABLE = frozenset({UserState.ACTIVE, UserState.LOCKED, UserState.SUSPENDED})
ACTIVE_ADMIN_STATES = frozenset({UserState.ACTIVE, UserState.LOCKED})


@dataclass(frozen=True, slots=True)
class Editor:
    """Who changes a user, and whether they manage users."""

    user_id: UUID | None
    manages: bool


def check_password(new: NewUser) -> None:
    """Raises a field error for a weak one. Its hash is made after this and before the transaction of ``create``."""
    passwords.check_strength(new.password, pointer="/password", email=normal_email(new.email), name=new.name)


async def create(uow: UnitOfWork, new: NewUser, password_hash: str, *, user_id: UUID | None = None) -> User:
    """Raises EmailTaken, or a field error for an impossible manager."""
    email = normal_email(new.email)
    if await users.find_by_email(uow, email) is not None:
        raise EmailTaken()
    if new.manager_id is not None:
        await _check_manager(uow, new.manager_id)
    if new.department_id is not None:
        await _check_department(uow, new.department_id)
    now = clock.now()
    user = User(
        id=user_id or new_id(),
        email=email,
        name=new.name,
        password_hash=password_hash,
        roles=_sorted(new.roles),
        manager_id=new.manager_id,
        department_id=new.department_id,
        state=UserState.ACTIVE,
        created_at=now,
        updated_at=now,
    )
    if not await users.insert(uow, user):
        raise EmailTaken()
    await record_created(uow, aggregate_id=user.id, event=snapshot(UserCreated, user))
    await record_audit(
        uow, action="user.created", resource_type=RESOURCE, resource_id=user.id, detail={"roles": user.roles}
    )
    return user


async def change(uow: UnitOfWork, editor: Editor, user_id: UUID, version: int, wanted: UserChange) -> User:
    """Raises Forbidden, PreconditionFailed, Blocked, WrongState, LastAdmin, SelfDeletion or field errors."""
    sent = wanted.model_fields_set
    _check_editor(editor, user_id, sent)
    await users.lock_in_order(uow, [user_id, wanted.manager_id])
    user = await users.lock(uow, user_id)
    if user.blocked_by_process is not None:
        raise Blocked(user.blocked_by_process)
    if user.state not in CHANGEABLE:
        raise WrongState(state=user.state)
    if user.version != version:
        raise await outrun(uow, RESOURCE, user_id, user.version, by=EDITS)
    before = user.values()
    user.name = wanted.name
    if "roles" in sent and wanted.roles is not None:
        user.roles = _sorted(wanted.roles)
    if "manager_id" in sent and wanted.manager_id != user.manager_id:
        await _move_in_hierarchy(uow, user, wanted.manager_id)
    if "department_id" in sent and wanted.department_id != user.department_id:
        if wanted.department_id is not None:
            await _check_department(uow, wanted.department_id)
        user.department_id = wanted.department_id
    if "state" in sent and wanted.state is not None:
        user.state = UserState(wanted.state)
    await _check_admins(uow, editor, user, before)
    user.version += 1
    user.updated_at = clock.now()
    await users.save_content(uow, user)
    await _revoke_what_ended(uow, user, before)
    await user_changed(uow, UserUpdated, user)
    detail = changes(before, user, ("name", *ADMIN_FIELDS))
    await record_audit(uow, action="user.updated", resource_type=RESOURCE, resource_id=user.id, detail=detail)
    return user


def _check_editor(editor: Editor, user_id: UUID, sent: AbstractSet[str]) -> None:
    if editor.manages:
        return
    if editor.user_id != user_id:
        raise Forbidden()
    refused = [field for field in ADMIN_FIELDS if field in sent]
    if refused:
        message = Text("この項目を変更する権限がありません", "You may not write this")
        names = {"manager_id": "managerId", "department_id": "departmentId"}
        raise Forbidden(errors=[FieldError(f"/{names.get(f, f)}", "forbidden_field", message) for f in refused])


async def _move_in_hierarchy(uow: UnitOfWork, user: User, manager_id: UUID | None) -> None:
    if manager_id is not None:
        if await users.reports_to(uow, manager_id, user.id):
            message = Text("自分または部下を上長にできません", "A manager can't report to this user")
            raise ManagerCycle(errors=[FieldError("/managerId", "manager_cycle", message)])
        await _check_manager(uow, manager_id)
    user.manager_id = manager_id


async def _check_manager(uow: UnitOfWork, manager_id: UUID) -> None:
    manager = await users.find(uow, manager_id)
    if manager is None or manager.state not in CHANGEABLE:
        message = Text("このユーザーは上長にできません", "This user can't be a manager")
        raise Unprocessable.field("/managerId", "unknown_user", message)
    await check_unblocked(uow, "users", manager_id)


async def _check_department(uow: UnitOfWork, department_id: UUID) -> None:
    if not await departments.hold(uow, department_id):
        message = Text("部門が見つかりません", "There is no such department")
        raise Unprocessable.field("/departmentId", "unknown_department", message)


async def _check_admins(uow: UnitOfWork, editor: Editor, user: User, before: dict[str, object]) -> None:
    was_admin = Role.ADMIN in _roles(before) and before["state"] in ACTIVE_ADMIN_STATES
    is_admin = Role.ADMIN in user.roles and user.state in ACTIVE_ADMIN_STATES
    if user.state is UserState.SUSPENDED and editor.user_id == user.id:
        raise SelfDeletion()
    if was_admin and not is_admin and await users.other_active_admins(uow, user.id) == 0:
        raise LastAdmin()


async def _revoke_what_ended(uow: UnitOfWork, user: User, before: dict[str, object]) -> None:
    if user.state is UserState.SUSPENDED and before["state"] != UserState.SUSPENDED:
        await sessions.end_all(uow, user.id, reason="suspended")
    elif set(user.roles) != _roles(before):
        await sessions.void_tokens(uow, user.id)


def _roles(dumped: dict[str, object]) -> set[str]:
    roles = dumped["roles"]
    assert isinstance(roles, list)
    return set(roles)


def _sorted(roles: list[Role]) -> list[str]:
    return sorted({str(role) for role in roles})
