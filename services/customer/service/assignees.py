"""Who can be put in charge of a customer."""

from typing import Protocol
from uuid import UUID

from services.contracts.states import UserState
from services.customer.access import ASSIGNABLE_ROLES, Viewer
from services.customer.errors import not_assignable
from services.customer.repository import reading, writing
from services.kit.db.unit_of_work import Row, UnitOfWork
from services.kit.errors import Blocked, Forbidden


class Users(Protocol):
    """Brings a copy of a user that is missing here; nothing happens if auth doesn't know them either."""

    async def ensure(self, uow: UnitOfWork, user_id: UUID) -> None: ...


async def require_assignable(uow: UnitOfWork, users: Users, viewer: Viewer, user_id: UUID) -> None:
    """The user is an active rep or manager, in the reach of who assigns, and no process moves their work away.

    Their copy stays locked against a coming fence until the transaction ends.
    """
    copy = await _locked_copy(uow, users, user_id)
    if copy is not None and not await reading.reaches_user(uow, viewer, user_id):
        raise Forbidden
    _refuse_unless_free(copy, "/assignedSalesId")


async def require_successor(uow: UnitOfWork, users: Users, user_id: UUID) -> None:
    """The same for a process that hands over a leaver's customers: whoever started it chose among all."""
    _refuse_unless_free(await _locked_copy(uow, users, user_id), "/customersTo")


async def _locked_copy(uow: UnitOfWork, users: Users, user_id: UUID) -> Row | None:
    copy = await writing.lock_assignee(uow, user_id)
    if copy is None:
        await users.ensure(uow, user_id)
        copy = await writing.lock_assignee(uow, user_id)
    return copy


def _refuse_unless_free(copy: Row | None, pointer: str) -> None:
    if copy is None:
        raise not_assignable(pointer)
    if copy["blocked_by_process"] is not None:
        raise Blocked(copy["blocked_by_process"])
    if copy["state"] != UserState.ACTIVE or not ASSIGNABLE_ROLES & set(copy["roles"]):
        raise not_assignable(pointer)
