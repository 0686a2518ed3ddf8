"""Auth's events, from its records. Each state change carries all that copies keep of a user."""

from typing import TypeVar
from uuid import UUID

from services.auth.record import User
from services.contracts.events.user import UserSnapshot
from services.contracts.permissions import Role
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.outbox import record_change

USERS = "users"
Snapshot = TypeVar("Snapshot", bound=UserSnapshot)


def snapshot(event: type[Snapshot], user: User) -> Snapshot:
    return event(
        user_id=user.id,
        name=user.name,
        email=user.email,
        state=user.state,
        manager_id=user.manager_id,
        roles=[Role(role) for role in user.roles],
    )


async def user_changed(
    uow: UnitOfWork, event: type[UserSnapshot], user: User, *, process_id: UUID | None = None
) -> None:
    """Publish the state that the row has now."""
    await record_change(uow, table=USERS, aggregate_id=user.id, event=snapshot(event, user), process_id=process_id)
