"""Deleting a user and taking it back: the requests that start the processes, and auth's own steps in them."""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from services.auth.errors import LastAdmin, RecycleBinOver, SelfDeletion, WrongState
from services.auth.events import user_changed
from services.auth.record import User
from services.auth.repository import sessions, users
from services.auth.schemas import Successors
from services.auth.service.users import EDITS, RESOURCE
from services.auth.settings import RECYCLE_BIN
from services.contracts.events.user import UserDeletionStarted
from services.contracts.permissions import Permission, Role, permissions_of
from services.contracts.processes import (
    ProcessType,
    TaskQueue,
    UserDeletionInput,
    UserDeletionStep,
    UserRestorationInput,
    UserRestorationStep,
    user_deletion_id,
    user_restoration_id,
)
from services.contracts.states import UserState
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.errors import Blocked, FieldError, Text, Unprocessable
from services.kit.events.audit import outrun
from services.kit.processes.beginning import AuditedAs, NewProcess, begin_process
from services.kit.processes.fences import check_unblocked
from services.kit.processes.ledger import open_process_of
from services.kit.running import clock
from services.kit.running.ids import new_id

NEEDED: Final = {
    "customers_to": Permission.CUSTOMER_WRITE,
    "activities_to": Permission.ACTIVITY_WRITE,
    "approvals_to": Permission.APPROVAL_DECIDE,
}
"""What a successor has to be allowed, per kind of work."""
POINTERS: Final = {"customers_to": "/customersTo", "activities_to": "/activitiesTo", "approvals_to": "/approvalsTo"}


@dataclass(frozen=True, slots=True)
class Deletion:
    """``actor_id`` asks that ``user_id`` be deleted, if the version is still the one that they read."""

    actor_id: UUID
    user_id: UUID
    successors: Successors
    version: int | None


async def request_deletion(uow: UnitOfWork, wanted: Deletion) -> UUID:
    """→ DEACTIVATING, signed out everywhere; the process's id, the present one when it was asked before."""
    chosen = wanted.successors.model_dump().values()
    await users.lock_in_order(uow, [wanted.user_id, *chosen])
    user = await users.lock(uow, wanted.user_id)
    if user.state in (UserState.DEACTIVATING, UserState.DELETED) and user.deletion_process_id is not None:
        if user.state is UserState.DELETED and user.blocked_by_process is not None:
            raise Blocked(user.blocked_by_process)
        return user.deletion_process_id
    if user.blocked_by_process is not None:
        raise Blocked(user.blocked_by_process)
    if user.id == wanted.actor_id:
        raise SelfDeletion()
    # A restoration has decided before it gives the work back: what it still brings must not meet a deletion's fences.
    giving_back = await open_process_of(uow, user.id)
    if giving_back is not None:
        raise Blocked(giving_back)
    if wanted.version is not None and wanted.version != user.version:
        raise await outrun(uow, RESOURCE, user.id, user.version, by=EDITS)
    if Role.ADMIN in user.roles and await users.other_active_admins(uow, user.id) == 0:
        raise LastAdmin()
    successors = await check_successors(uow, user, wanted.successors)
    process_id = new_id()
    user.state_before, user.state = user.state, UserState.DEACTIVATING
    user.generation += 1
    user.deletion_process_id = user.blocked_by_process = process_id
    user.updated_at = clock.now()
    await users.save_lifecycle(uow, user)
    await sessions.end_all(uow, user.id, reason="deleted")
    await user_changed(uow, UserDeletionStarted, user, process_id=process_id)
    deletion = NewProcess(
        id=process_id,
        workflow_id=user_deletion_id(user.id, user.generation),
        type=ProcessType.USER_DELETION,
        task_queue=TaskQueue.AUTH,
        resource_id=user.id,
        actor_id=wanted.actor_id,
        argument=UserDeletionInput(
            process_id=process_id, user_id=user.id, actor_id=wanted.actor_id, generation=user.generation, **successors
        ),
        summary=f"Delete user {user.id} and hand over the work",
        steps=list(UserDeletionStep),
        done=[UserDeletionStep.REQUEST],
    )
    chosen_ones = {kind: str(successor) for kind, successor in successors.items() if successor is not None}
    audited = AuditedAs(action="user.deletion_started", resource_type=RESOURCE, detail=chosen_ones)
    await begin_process(uow, deletion, audited=audited)
    return process_id


async def check_successors(reader: Reader, leaver: User, wanted: Successors) -> dict[str, UUID | None]:
    """The successor of each kind of work, who must be here, stay here, and be allowed to do it."""
    chosen = {kind: getattr(wanted, kind) or wanted.successor_id for kind in NEEDED}
    errors = []
    for kind, successor_id in chosen.items():
        if successor_id is None:
            continue
        pointer = POINTERS[kind] if getattr(wanted, kind) is not None else "/successorId"
        successor = await users.find(reader, successor_id)
        if successor is None or successor.id == leaver.id or successor.state is not UserState.ACTIVE:
            message = Text("後任者にできないユーザーです", "This user can't be a successor")
            errors.append(FieldError(pointer, "successor_unfit", message, "query"))
        elif getattr(wanted, kind) is not None and NEEDED[kind] not in permissions_of(successor.roles):
            message = Text("後任者に必要な権限がありません", "The successor lacks the right to do this work")
            errors.append(FieldError(pointer, "successor_lacks_permission", message, "query"))
        else:
            await check_unblocked(reader, "users", successor_id)
    if errors:
        raise Unprocessable(errors=list(dict.fromkeys(errors)))
    return chosen


async def request_restoration(uow: UnitOfWork, actor_id: UUID, user_id: UUID) -> UUID:
    """Start to take a deletion back; the process's id, the present one when it was asked before."""
    user = await users.lock(uow, user_id)
    if user.state is UserState.DELETED and user.blocked_by_process is not None:
        return user.blocked_by_process
    if user.blocked_by_process is not None:
        raise Blocked(user.blocked_by_process)
    if user.state is not UserState.DELETED or user.deletion_process_id is None or user.deleted_at is None:
        raise WrongState(state=user.state)
    if clock.now() - user.deleted_at > RECYCLE_BIN:
        raise RecycleBinOver()
    process_id = new_id()
    user.generation += 1
    user.blocked_by_process = process_id
    user.updated_at = clock.now()
    await users.save_lifecycle(uow, user)
    restoration = NewProcess(
        id=process_id,
        workflow_id=user_restoration_id(user.id, user.generation),
        type=ProcessType.USER_RESTORATION,
        task_queue=TaskQueue.AUTH,
        resource_id=user.id,
        actor_id=actor_id,
        argument=UserRestorationInput(
            process_id=process_id,
            user_id=user.id,
            actor_id=actor_id,
            generation=user.generation,
            deletion_process_id=user.deletion_process_id,
        ),
        summary=f"Restore user {user.id} and give the work back",
        steps=list(UserRestorationStep),
        done=[UserRestorationStep.REQUEST],
    )
    audited = AuditedAs(action="user.restoration_started", resource_type=RESOURCE)
    await begin_process(uow, restoration, audited=audited)
    return process_id
