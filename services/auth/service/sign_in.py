"""Signing in: throttled without locking the victim out, and telling an attacker nothing.

Three steps, so that no database connection waits for Argon2: look at the counters, check the password, decide. For an
account that does not exist all of them do the same work.
"""

from dataclasses import dataclass

from services.auth import passwords, totp
from services.auth.errors import AccountSuspended, InvalidCredentials, TotpInvalid, TotpRequired
from services.auth.events import user_changed
from services.auth.record import User
from services.auth.repository import factors, users
from services.auth.service import throttle
from services.auth.service.second_step import challenge_for, user_of
from services.auth.service.sessions import MAY_SIGN_IN, IssuedTokens, open_session
from services.auth.service.state import Auth, normal_email
from services.contracts.events.user import UserLogin, UserUpdated
from services.contracts.states import UserState
from services.kit.db.database import Database
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import ProblemError
from services.kit.events.audit import record_audit
from services.kit.events.outbox import record_fact
from services.kit.running import clock
from services.kit.running.context import ActorContext


@dataclass(frozen=True, slots=True)
class Credentials:
    email: str
    password: str
    totp: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class _Attempt:
    """``user`` as they were when the password was looked at; None for an unknown account."""

    origin: throttle.Origin
    user: User | None
    matches: bool
    rehashed: str | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    user: User
    tokens: IssuedTokens


async def sign_in(db: Database, auth: Auth, context: ActorContext, credentials: Credentials) -> SignedIn:
    """Raises InvalidCredentials, TotpRequired, TotpInvalid, AccountSuspended, LoginThrottled, or TooManyRequests."""
    email = normal_email(credentials.email)
    origin = throttle.Origin.of(email, context.ip)
    async with auth.hashing.turn(origin.address_text):
        attempt = await _check(db, auth, email, origin, credentials.password)
        async with db.transaction(context) as uow:
            outcome = await _decide(uow, auth, attempt, credentials)
    if isinstance(outcome, ProblemError):
        raise outcome
    return outcome


async def sign_in_with_code(
    db: Database, auth: Auth, context: ActorContext, challenge: str, code: str, user_agent: str | None
) -> SignedIn:
    """The second step; raises ChallengeInvalid, TotpInvalid, AccountSuspended or LoginThrottled."""
    async with db.reader() as reader:
        user = await user_of(reader, auth, challenge)
    attempt = _Attempt(throttle.Origin.of(user.email, context.ip), user, matches=True, rehashed=None)
    async with db.transaction(context) as uow:
        outcome = await _decide(uow, auth, attempt, Credentials(user.email, "", code, user_agent))
    if isinstance(outcome, ProblemError):
        raise outcome
    return outcome


async def _check(db: Database, auth: Auth, email: str, origin: throttle.Origin, password: str) -> _Attempt:
    """Raises LoginThrottled before it costs a hash."""
    async with db.reader() as reader:
        user = await users.find_by_email(reader, email)
        verdict = await throttle.judge(reader, origin, user.id if user is not None else None)
    if verdict.refusal is not None:
        raise verdict.refusal
    stored = user.password_hash if user is not None else None
    matches = await auth.hashing.matches(stored, password)
    rehashed = None
    if matches and stored is not None and passwords.needs_rehash(stored):
        rehashed = await auth.hashing.hash(password)
    return _Attempt(origin, user, matches, rehashed)


async def _decide(uow: UnitOfWork, auth: Auth, attempt: _Attempt, credentials: Credentials) -> SignedIn | ProblemError:
    """A refusal is returned, not raised: what it counted and noted has to be committed."""
    checked = attempt.user
    await throttle.decide_alone(uow, attempt.origin)
    user = await users.lock_if_there(uow, checked.id if checked is not None else throttle.NOBODY)
    verdict = await throttle.judge(uow, attempt.origin, user.id if user is not None else None)
    if verdict.refusal is not None:
        return verdict.refusal
    # The password may have been changed, or the user removed, while Argon2 was running.
    if (
        user is None
        or checked is None
        or not attempt.matches
        or user.password_hash != checked.password_hash
        or user.state is UserState.DELETED
    ):
        return await _refuse(uow, attempt.origin, user, "password", InvalidCredentials(), lock=verdict.account_over)
    if user.state not in MAY_SIGN_IN:
        return AccountSuspended()
    if user.totp_confirmed_at is not None:
        if credentials.totp is None:
            return TotpRequired(challenge=challenge_for(auth, user))
        if not await second_factor_matches(uow, auth, user, credentials.totp):
            return await _refuse(uow, attempt.origin, user, "totp", TotpInvalid(), lock=verdict.account_over)
    return await _admit(uow, auth, attempt, user, credentials.user_agent)


async def second_factor_matches(uow: UnitOfWork, auth: Auth, user: User, code: str) -> bool:
    """A code of the authenticator that was not used yet, or an unused recovery code."""
    assert user.totp_secret is not None, "a confirmed factor has a secret"
    meant = totp.as_meant(code)
    if len(meant) == totp.DIGITS and meant.isdecimal():
        secret = totp.open_secret(auth.settings.factor_keys, user.id, user.totp_secret)
        step = totp.matching_step(secret, code)
        return step is not None and await factors.use_step(uow, user.id, step)
    return await factors.use_recovery_code(uow, user.id, totp.recovery_hashes(auth.settings.factor_keys, code))


async def _refuse(
    uow: UnitOfWork, origin: throttle.Origin, user: User | None, reason: str, answer: ProblemError, *, lock: bool
) -> ProblemError:
    """Writes the same for an account that does not exist (its entry names no record): time must not tell them apart."""
    await record_audit(
        uow,
        action="user.login",
        resource_type="user",
        resource_id=user.id if user is not None else None,
        outcome="DENIED",
        detail={"reason": reason},
    )
    await throttle.failed(uow, origin)
    if lock and user is not None and user.state is UserState.ACTIVE:
        await _move(uow, user, UserState.LOCKED)
    return answer


async def _move(uow: UnitOfWork, user: User, state: UserState) -> None:
    user.state, user.updated_at = state, clock.now()
    await users.save_lifecycle(uow, user)
    await user_changed(uow, UserUpdated, user)


async def _admit(uow: UnitOfWork, auth: Auth, attempt: _Attempt, user: User, user_agent: str | None) -> SignedIn:
    await throttle.succeeded(uow, attempt.origin, user.id)
    if attempt.rehashed is not None:
        await users.save_password(uow, user.id, attempt.rehashed)
    if user.state is UserState.LOCKED:
        await _move(uow, user, UserState.ACTIVE)
    tokens = await open_session(uow, auth, user, user_agent)
    await record_audit(
        uow,
        action="user.login",
        resource_type="user",
        resource_id=user.id,
        detail={"sessionId": str(tokens.session.id)},
        actor_id=user.id,
    )
    await record_fact(uow, aggregate_id=user.id, event=UserLogin(user_id=user.id, session_id=tokens.session.id))
    return SignedIn(user, tokens)
