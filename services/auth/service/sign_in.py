"""Signing in: throttled without locking the victim out, and telling an attacker nothing.

Three steps, so that no database connection waits for Argon2: count the attempt, check the password, decide.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from services.auth import passwords, totp
from services.auth.errors import AccountSuspended, InvalidCredentials, LoginThrottled, TotpInvalid, TotpRequired
from services.auth.events import user_changed
from services.auth.models import User
from services.auth.repository import factors, throttle, users
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

PAIR_LIMIT: Final = 5
PAIR_WINDOW: Final = timedelta(minutes=15)
"""Failures of one account from one address."""
ADDRESS_LIMIT: Final = 50
ADDRESS_WINDOW: Final = timedelta(minutes=15)
"""Failures from one address, over all accounts: an office shares one."""
ACCOUNT_LIMIT: Final = 100
ACCOUNT_WINDOW: Final = timedelta(hours=1)
"""Failures of one account from anywhere; beyond it only addresses that it has used before are let in."""
KNOWN_FOR: Final = timedelta(days=90)


@dataclass(frozen=True, slots=True)
class Credentials:
    email: str
    password: str
    totp: str | None
    user_agent: str | None


@dataclass(frozen=True, slots=True)
class _Attempt:
    pair: bytes
    address: bytes
    account: bytes
    user: User | None
    account_over: bool


@dataclass(frozen=True, slots=True)
class SignedIn:
    user: User
    tokens: IssuedTokens


def address_key(ip: str | None) -> str:
    """An IPv4 address, or the /64 that an IPv6 customer owns."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return ip or ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


async def sign_in(db: Database, auth: Auth, context: ActorContext, credentials: Credentials) -> SignedIn:
    """Raises InvalidCredentials, TotpRequired, TotpInvalid, AccountSuspended or LoginThrottled."""
    email = normal_email(credentials.email)
    async with db.transaction(context) as uow:
        attempt = await _count(uow, email, address_key(context.ip))
    if isinstance(attempt, LoginThrottled):
        raise attempt
    stored = attempt.user.password_hash if attempt.user is not None else None
    matches = await passwords.verify_password(stored, credentials.password)
    rehashed = None
    if matches and stored is not None and passwords.needs_rehash(stored):
        rehashed = await passwords.hash_password(credentials.password)
    async with db.transaction(context) as uow:
        outcome = await _decide(uow, auth, attempt, credentials, matches=matches, rehashed=rehashed)
    if isinstance(outcome, ProblemError):
        raise outcome
    return outcome


async def _count(uow: UnitOfWork, email: str, address: str) -> _Attempt | LoginThrottled:
    keys = {
        "pair": throttle.key_hash(email, address),
        "address": throttle.key_hash(address),
        "account": throttle.key_hash(email),
    }
    pair = await throttle.count_attempt(uow, "pair", keys["pair"], PAIR_WINDOW)
    if pair["failures"] > PAIR_LIMIT:
        return _throttled(pair["window_ends_at"])
    from_address = await throttle.count_attempt(uow, "address", keys["address"], ADDRESS_WINDOW)
    if from_address["failures"] > ADDRESS_LIMIT:
        return _throttled(from_address["window_ends_at"])
    user = await users.find_by_email(uow, email)
    of_account = await throttle.count_attempt(uow, "account", keys["account"], ACCOUNT_WINDOW)
    over = of_account["failures"] > ACCOUNT_LIMIT
    if over:
        known = user is not None and await throttle.is_known(uow, user.id, keys["address"], clock.now() - KNOWN_FOR)
        if not known:
            return _throttled(of_account["window_ends_at"])
    return _Attempt(keys["pair"], keys["address"], keys["account"], user, over)


def _throttled(until: datetime) -> LoginThrottled:
    return LoginThrottled(math.ceil((until - clock.now()).total_seconds()))


async def _decide(
    uow: UnitOfWork, auth: Auth, attempt: _Attempt, credentials: Credentials, *, matches: bool, rehashed: str | None
) -> SignedIn | ProblemError:
    """A refusal is returned, not raised: what it counted and noted has to be committed."""
    if attempt.user is None:
        return InvalidCredentials()
    user = await users.lock(uow, attempt.user.id)
    # The password may have been changed, or the user removed, while Argon2 was running.
    if not matches or user.password_hash != attempt.user.password_hash or user.state is UserState.DELETED:
        await _refuse(uow, user, "password", locked=attempt.account_over)
        return InvalidCredentials()
    if user.state not in MAY_SIGN_IN:
        return AccountSuspended()
    if user.totp_confirmed_at is not None:
        if credentials.totp is None:
            await throttle.take_back(uow, "pair", attempt.pair)
            await throttle.take_back(uow, "address", attempt.address)
            await throttle.take_back(uow, "account", attempt.account)
            return TotpRequired()
        if not await second_factor_matches(uow, auth, user, credentials.totp):
            await _refuse(uow, user, "totp", locked=attempt.account_over)
            return TotpInvalid()
    return await _admit(uow, auth, attempt, user, credentials, rehashed)


async def second_factor_matches(uow: UnitOfWork, auth: Auth, user: User, code: str) -> bool:
    """A code of the authenticator that was not used yet, or an unused recovery code."""
    assert user.totp_secret is not None, "a confirmed factor has a secret"
    meant = totp.as_meant(code)
    if len(meant) == totp.DIGITS and meant.isdecimal():
        secret = totp.open_secret(auth.settings.secret_key, user.id, user.totp_secret)
        step = totp.matching_step(secret, code)
        return step is not None and await factors.use_step(uow, user.id, step)
    return await factors.use_recovery_code(uow, user.id, totp.recovery_hash(auth.settings.secret_key, code))


async def _refuse(uow: UnitOfWork, user: User, reason: str, *, locked: bool) -> None:
    await record_audit(
        uow,
        action="user.login",
        resource_type="user",
        resource_id=user.id,
        outcome="DENIED",
        detail={"reason": reason},
    )
    if locked and user.state is UserState.ACTIVE:
        await _move(uow, user, UserState.LOCKED)


async def _move(uow: UnitOfWork, user: User, state: UserState) -> None:
    user.state, user.updated_at = state, clock.now()
    await users.save_lifecycle(uow, user)
    await user_changed(uow, UserUpdated, user)


async def _admit(
    uow: UnitOfWork, auth: Auth, attempt: _Attempt, user: User, credentials: Credentials, rehashed: str | None
) -> SignedIn:
    await throttle.reset(uow, "pair", attempt.pair)
    await throttle.take_back(uow, "address", attempt.address)
    await throttle.take_back(uow, "account", attempt.account)
    await throttle.remember(uow, user.id, attempt.address)
    if rehashed is not None:
        await users.save_password(uow, user.id, rehashed)
    if user.state is UserState.LOCKED:
        await _move(uow, user, UserState.ACTIVE)
    tokens = await open_session(uow, auth, user, credentials.user_agent)
    await record_audit(
        uow,
        action="user.login",
        resource_type="user",
        resource_id=user.id,
        detail={"sessionId": str(tokens.session.id)},
    )
    await record_fact(uow, aggregate_id=user.id, event=UserLogin(user_id=user.id, session_id=tokens.session.id))
    return SignedIn(user, tokens)
