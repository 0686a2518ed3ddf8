"""What the command line does with auth's database directly: the first administrator, demo users, keys, the chain."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from services.auth.passwords import hash_password
from services.auth.record import User
from services.auth.repository import users
from services.auth.schemas import NewUser
from services.auth.service.audit import Finding, verify
from services.auth.service.state import normal_email
from services.auth.service.users import check_password, create
from services.auth.signing import SigningKeys
from services.contracts.permissions import Role
from services.kit.db.database import Database
from services.kit.running.context import ActorContext
from services.kit.running.settings import ServiceSettings


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
    user_id: UUID | None = None,
) -> UUID:
    """A user, with the event and audit entry that any other gets. Raises ProblemError (EmailTaken, …)."""
    new = NewUser(email=email, name=name, password=password, roles=list(roles), manager_id=manager_id)
    check_password(new)
    password_hash = await asyncio.to_thread(hash_password, password)
    async with db.transaction(ActorContext.system()) as uow:
        return (await create(uow, new, password_hash, user_id=user_id)).id


async def find_user(db: Database, email: str) -> User | None:
    async with db.reader() as reader:
        return await users.find_by_email(reader, normal_email(email))


async def rotate_signing_key(settings: ServiceSettings, db: Database) -> str:
    """Make the next signing key; tokens of the present one stay good until they expire. Returns the new key's id."""
    keys = SigningKeys(db, settings.secret_key)
    async with db.transaction(ActorContext.system()) as uow:
        return await keys.rotate(uow)


async def verify_audit_chain(db: Database, head_file: Path | None = None) -> list[Finding]:
    """What ``ringi audit verify`` reports; empty when the chain holds."""
    async with db.reader() as reader:
        return await verify(reader, head_file)
