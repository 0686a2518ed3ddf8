"""Changing a password, by its owner or through a link that counts once."""

import secrets
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.auth import passwords
from services.auth.errors import InvalidCredentials, ResetLinkInvalid
from services.auth.models import User
from services.auth.repository import factors, sessions, users
from services.auth.service import guesses
from services.auth.service.sessions import token_hash
from services.contracts.states import UserState
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import ProblemError
from services.kit.events.audit import record_audit
from services.kit.running import clock

RESET_LIFETIME: Final = timedelta(hours=1)


async def change(uow: UnitOfWork, user: User, current: str, new: str, *, session_id: UUID) -> ProblemError | None:
    """Ends all other sessions. Returns a refusal that has to be committed: wrong guesses are counted."""
    throttled = await guesses.count(uow, guesses.PASSWORD, user.id)
    if throttled is not None:
        return throttled
    if not await passwords.verify_password(user.password_hash, current):
        return InvalidCredentials()
    await guesses.was_right(uow, guesses.PASSWORD, user.id)
    await _set(uow, user, new)
    await sessions.end_all(uow, user.id, reason="password changed", but=session_id)
    return None


async def make_reset_link(uow: UnitOfWork, user: User) -> tuple[str, datetime]:
    """A token for the user's link, shown once; only its hash is kept."""
    token = secrets.token_urlsafe(32)
    expires_at = clock.now() + RESET_LIFETIME
    await factors.insert_reset(uow, token_hash=token_hash(token), user_id=user.id, expires_at=expires_at)
    await record_audit(uow, action="password.reset_issued", resource_type="user", resource_id=user.id)
    return token, expires_at


async def use_reset_link(uow: UnitOfWork, token: str, new: str) -> None:
    """Set the password and end all sessions; a link that was used, replaced or is over is refused."""
    user_id = await factors.use_reset(uow, token_hash(token))
    user = None if user_id is None else await users.lock(uow, user_id)
    if user is None or user.state in (UserState.DEACTIVATING, UserState.DELETED):
        raise ResetLinkInvalid()
    await _set(uow, user, new)
    await sessions.end_all(uow, user.id, reason="password reset")


async def _set(uow: UnitOfWork, user: User, new: str) -> None:
    passwords.check_strength(new, pointer="/newPassword", email=user.email, name=user.name)
    await users.save_password(uow, user.id, await passwords.hash_password(new))
    await record_audit(uow, action="password.changed", resource_type="user", resource_id=user.id)
