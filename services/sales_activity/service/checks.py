"""What must hold of the people and customers that a meeting or task refers to."""

from collections.abc import Collection, Sequence
from uuid import UUID

from services.contracts.permissions import Permission
from services.contracts.states import CustomerState, UserState
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import Blocked
from services.kit.trust.principal import Principal
from services.sales_activity import access
from services.sales_activity.errors import CustomerDeleted, not_in_your_team, unknown_customer, unknown_user
from services.sales_activity.references import Directory
from services.sales_activity.repository import copies

_GONE = frozenset({UserState.DEACTIVATING, UserState.DELETED})


async def assignee(uow: UnitOfWork, directory: Directory, principal: Principal, user_id: UUID) -> None:
    """Somebody in the caller's scope who isn't leaving."""
    await directory.ensure_user(uow, user_id)
    row = await copies.lock_user(uow, user_id, access.writer(principal))
    if row is None:
        raise unknown_user("/userId")
    if not row["reachable"]:
        raise not_in_your_team()
    if row["blocked_by_process"] is not None:
        raise Blocked(row["blocked_by_process"])
    if row["state"] in _GONE:
        raise unknown_user("/userId")


async def attendees(
    uow: UnitOfWork, directory: Directory, user_ids: Sequence[UUID], *, known: Collection[UUID] = ()
) -> None:
    """Colleagues from anywhere; none who is added to those known already may be leaving."""
    added = [user_id for user_id in user_ids if user_id not in known]
    await directory.ensure_users(uow, added)
    found = {row["id"]: row for row in await copies.lock_users(uow, added)} if added else {}
    for user_id in added:
        position = user_ids.index(user_id)
        row = found.get(user_id)
        if row is None or row["state"] in _GONE:
            raise unknown_user(f"/attendeeIds/{position}")
        if row["blocked_by_process"] is not None:
            raise Blocked(row["blocked_by_process"])


async def customer(uow: UnitOfWork, directory: Directory, principal: Principal, customer_id: UUID) -> None:
    """A customer whom the caller sees, live, and whom no process holds."""
    await directory.ensure_customer(uow, customer_id)
    row = await copies.lock_customer(uow, customer_id, access.viewer(principal, Permission.CUSTOMER_READ))
    if row is None or not row["visible"]:
        raise unknown_customer()
    if row["blocked_by_process"] is not None:
        raise Blocked(row["blocked_by_process"])
    if row["state"] != CustomerState.ACTIVE:
        raise CustomerDeleted


async def customer_unblocked(uow: UnitOfWork, directory: Directory, principal: Principal, customer_id: UUID) -> None:
    """For a record that is about this customer already: only a process is in the way."""
    await directory.ensure_customer(uow, customer_id)
    row = await copies.lock_customer(uow, customer_id, access.writer(principal))
    if row is not None and row["blocked_by_process"] is not None:
        raise Blocked(row["blocked_by_process"])
