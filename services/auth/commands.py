"""What the command line does with auth's database directly: the first administrator and demo users."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from services.auth.passwords import hash_password
from services.auth.schemas import NewUser
from services.auth.service.users import check_password, create
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.running.context import ActorContext


async def create_admin(db: Database, *, email: str, name: str, password: str) -> UUID:
    """The first administrator of an installation, or another one. Raises ProblemError for what can't be."""
    return await create_user(db, email=email, name=name, password=password, roles=[Role.ADMIN])


async def create_user(
    db: Database,
    *,
    email: str,
    name: str,
    password: str,
    roles: Sequence[Role],
    manager_id: UUID | None = None,
) -> UUID:
    """A user, with the event and audit entry that any other gets. Raises ProblemError (EmailTaken, …)."""
    new = NewUser(email=email, name=name, password=password, roles=list(roles), manager_id=manager_id)
    check_password(new)
    password_hash = await asyncio.to_thread(hash_password, password)
    async with db.transaction(ActorContext.system()) as uow:
        return (await create(uow, new, password_hash)).id
