"""Sessions: a family of rotating refresh tokens, and the access tokens they bring (RFC 9700, section 4.14)."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from services.auth.errors import RefreshTokenInvalid, RefreshTokenReused
from services.auth.record import Session, User
from services.auth.repository import sessions, users
from services.auth.service.state import Auth
from services.auth.settings import ACCESS_TOKEN_LIFETIME, REFRESH_TOKEN_IDLE, ROTATION_GRACE, SESSION_LIFETIME
from services.auth.signing import access_token
from services.contracts.events.user import UserLogout
from services.contracts.states import UserState
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.events.audit import record_audit
from services.kit.events.outbox import record_fact
from services.kit.running import clock
from services.kit.running.ids import new_id

MAY_SIGN_IN: Final = frozenset({UserState.ACTIVE, UserState.LOCKED})
USER_AGENT_MAX_LENGTH: Final = 300
REFRESH_TOKEN_BYTES: Final = 32


@dataclass(frozen=True, slots=True)
class IssuedTokens:
    """``totp_missing``: the roles ask for a second factor; until it is set up the access token holds none of them."""

    access_token: str
    refresh_token: str
    session: Session
    totp_missing: bool


def token_hash(token: str) -> bytes:
    # 256 random bits need no slow hash.
    return hashlib.sha256(token.encode()).digest()


async def open_session(uow: UnitOfWork, auth: Auth, user: User, user_agent: str | None) -> IssuedTokens:
    """A new family for a user who proved who they are."""
    now = clock.now()
    session = Session(
        id=new_id(),
        user_id=user.id,
        created_at=now,
        last_used_at=await sessions.issue_time(uow, user.id),
        expires_at=now + SESSION_LIFETIME,
        ip=uow.context.ip,
        user_agent=(user_agent or "")[:USER_AGENT_MAX_LENGTH] or None,
    )
    await sessions.insert(uow, session)
    return await _issue(uow, auth, user, session, parent_hash=None)


async def _issue(
    uow: UnitOfWork, auth: Auth, user: User, session: Session, *, parent_hash: bytes | None
) -> IssuedTokens:
    refresh_token = secrets.token_urlsafe(REFRESH_TOKEN_BYTES)
    await sessions.insert_token(
        uow,
        token_hash=token_hash(refresh_token),
        session_id=session.id,
        parent_hash=parent_hash,
        expires_at=min(clock.now() + REFRESH_TOKEN_IDLE, session.expires_at),
    )
    totp_missing = user.totp_confirmed_at is None and bool(auth.settings.roles_with_totp & set(user.roles))
    token = await access_token(
        auth.keys,
        user,
        session,
        issuer=auth.settings.token_issuer,
        audience=auth.settings.token_audience,
        roles=[] if totp_missing else list(user.roles),
    )
    return IssuedTokens(token, refresh_token, session, totp_missing)


async def refresh(uow: UnitOfWork, auth: Auth, refresh_token: str) -> tuple[User, IssuedTokens] | RefreshTokenReused:
    """Rotate. Raises RefreshTokenInvalid; *returns* RefreshTokenReused, as the end of the family has to be committed.

    Each token counts once, and brings one successor. A used one that comes again is one of two things:

    - a race, while ROTATION_GRACE lasts and none of its successors has been used: two tabs sent it at once, or the
      answer got lost. It brings another successor, a sibling of the first; each sibling goes on by itself, for as long
      as it is unspent, whatever became of the others.
    - theft otherwise: it, or a successor of it, is in two hands, and nobody can tell in whose. The family ends.
    """
    presented = token_hash(refresh_token)
    session_id = await sessions.session_of_token(uow, presented)
    session = None if session_id is None else await sessions.lock(uow, session_id)
    token = await sessions.token_state(uow, presented)
    now = clock.now()
    if token is None or session is None or session.ended_at is not None:
        raise RefreshTokenInvalid()
    if now >= min(session.expires_at, token.expires_at):
        raise RefreshTokenInvalid()
    # Before the user is read: a change of roles in between voids this token instead of letting it in as it was.
    issued_at = await sessions.issue_time(uow, session.user_id)
    user = await users.find(uow, session.user_id)
    if user is None or user.state not in MAY_SIGN_IN:
        raise RefreshTokenInvalid()
    if token.used_at is not None and (token.successor_used or now - token.used_at > ROTATION_GRACE):
        await end_session(uow, session.user_id, session.id, reason="reuse", outcome="DENIED")
        return RefreshTokenReused()
    await sessions.use_token(uow, presented, now)
    session.last_used_at, session.ip = issued_at, uow.context.ip
    await sessions.was_used(uow, session)
    return user, await _issue(uow, auth, user, session, parent_hash=presented)


async def end_session(
    uow: UnitOfWork, user_id: UUID, session_id: UUID, *, reason: str, outcome: Any = "SUCCESS"
) -> bool:
    """Sign out one session; False when it had ended. Its access tokens are refused everywhere within seconds."""
    if not await sessions.end(uow, session_id, user_id=user_id, reason=reason):
        return False
    await record_audit(
        uow,
        action="session.ended",
        resource_type="user",
        resource_id=user_id,
        outcome=outcome,
        detail={"sessionId": str(session_id), "reason": reason},
    )
    await record_fact(uow, aggregate_id=user_id, event=UserLogout(user_id=user_id, session_id=session_id))
    return True


def answer(user_view: Any, issued: IssuedTokens) -> dict[str, Any]:
    """The body of sign-in and refresh."""
    return {
        "accessToken": issued.access_token,
        "refreshToken": issued.refresh_token,
        "tokenType": "Bearer",
        "expiresIn": int(ACCESS_TOKEN_LIFETIME / timedelta(seconds=1)),
        "totpEnrolmentRequired": issued.totp_missing,
        "user": user_view,
    }
