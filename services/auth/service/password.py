"""Changing a password, by its owner or through a link that counts once.

Each in two steps: what is slow (Argon2) before the transaction, what is decided within it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.auth import passwords
from services.auth.errors import InvalidCredentials, ResetLinkInvalid
from services.auth.record import User
from services.auth.repository import factors, sessions, users
from services.auth.service import throttle
from services.auth.service.sessions import token_hash
from services.auth.service.state import Auth
from services.contracts.states import UserState
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import ProblemError, Unauthorized
from services.kit.events.audit import record_audit
from services.kit.running import clock

RESET_LIFETIME: Final = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Change:
    """A request to change one's password, with all that is slow done: whether the present one is right, and the hash of
    the new one (None where it is wrong)."""

    user: User
    is_right: bool
    new_hash: str | None


async def prepare_change(db: Database, auth: Auth, user_id: UUID, current: str, new: str) -> Change:
    """Before the transaction, in a turn of the queue. Raises LoginThrottled, or a field error for a weak password."""
    async with db.reader() as reader:
        user = await users.find(reader, user_id)
        if user is None:
            raise Unauthorized()
        await throttle.refuse_guess(reader, throttle.PASSWORD, user_id)
    if not await auth.hashing.matches(user.password_hash, current):
        return Change(user, is_right=False, new_hash=None)
    return Change(user, is_right=True, new_hash=await _hash_new(auth, user, new))


async def change(uow: UnitOfWork, prepared: Change, *, session_id: UUID) -> ProblemError | None:
    """Ends all other sessions. Returns a refusal that has to be committed: wrong guesses are counted."""
    user = await users.lock(uow, prepared.user.id)
    # Again, and now alone: guesses that were checked at the same time have been counted meanwhile.
    await throttle.refuse_guess(uow, throttle.PASSWORD, user.id)
    if prepared.new_hash is None or user.password_hash != prepared.user.password_hash:
        await throttle.guess_was_wrong(uow, throttle.PASSWORD, user.id)
        return InvalidCredentials()
    await throttle.guess_was_right(uow, throttle.PASSWORD, user.id)
    await _save(uow, user, prepared.new_hash)
    await sessions.end_all(uow, user.id, reason="password changed", but=session_id)
    return None


async def make_reset_link(uow: UnitOfWork, user: User) -> tuple[str, datetime]:
    """A token for the user's link, shown once; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + RESET_LIFETIME
    await factors.insert_reset(uow, token_hash=token_hash(token), user_id=user.id, expires_at=expires_at)
    await record_audit(uow, action="password.reset_issued", resource_type="user", resource_id=user.id)
    return token, expires_at


async def prepare_reset(db: Database, auth: Auth, token: str, new: str) -> str:
    """The hash of the new password, before the transaction. Raises ResetLinkInvalid before it costs one."""
    async with db.reader() as reader:
        user_id = await factors.find_reset(reader, token_hash(token))
        user = None if user_id is None else await users.find(reader, user_id)
    if user is None:
        raise ResetLinkInvalid()
    return await _hash_new(auth, user, new)


async def use_reset_link(uow: UnitOfWork, token: str, new_hash: str) -> None:
    """Set the password and end all sessions; a link that was used, replaced or is over is refused."""
    user_id = await factors.use_reset(uow, token_hash(token))
    user = None if user_id is None else await users.lock(uow, user_id)
    if user is None or user.state in (UserState.DEACTIVATING, UserState.DELETED):
        raise ResetLinkInvalid()
    await _save(uow, user, new_hash)
    await sessions.end_all(uow, user.id, reason="password reset")


async def _hash_new(auth: Auth, user: User, new: str) -> str:
    passwords.check_strength(new, pointer="/newPassword", email=user.email, name=user.name)
    return await auth.hashing.hash(new)


async def _save(uow: UnitOfWork, user: User, new_hash: str) -> None:
    await users.save_password(uow, user.id, new_hash)
    await record_audit(uow, action="password.changed", resource_type="user", resource_id=user.id)
