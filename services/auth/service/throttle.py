"""Failed sign-ins and guesses: slowed down without locking out the victim, or an office that shares one address.

Only what was checked and found wrong counts. An attempt that is under way is no failure, and one that is refused here
counts for nothing: its password is not even looked at. Each limit is asked twice, before the hash (which a refused
attempt does not cost) and again when the attempt is decided, one at a time for the same account and address: of a
thousand guesses at once no more are answered than of a thousand guesses one after the other.
"""

import ipaddress
import math
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.auth.errors import LoginThrottled
from services.auth.repository import throttle
from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.errors import Text
from services.kit.running import clock

PAIR, ADDRESS, ACCOUNT = "pair", "address", "account"
PASSWORD, CODE = "password", "totp"
"""Guesses of somebody who is signed in already: who took over a session must not find password or code by trying."""
PAIR_LIMIT: Final = 5
"""Failures of one account from one address."""
ADDRESS_LIMIT: Final = 50
"""Failures from one address, over all accounts."""
ADDRESS_LIMIT_PER_USER: Final = 2
"""More for each user who has signed in from there: hundreds of people mistype more often than one."""
ACCOUNT_LIMIT: Final = 100
"""Failures of one account from anywhere."""
WINDOWS: Final = {
    PAIR: timedelta(minutes=15),
    ADDRESS: timedelta(minutes=15),
    ACCOUNT: timedelta(hours=1),
    PASSWORD: timedelta(minutes=15),
    CODE: timedelta(minutes=15),
}
KNOWN_FOR: Final = timedelta(days=90)
NOBODY: Final = UUID(int=0)
"""Stands in for the user of an unknown account, so that the same statements run."""
_REASONS: Final = {
    PAIR: Text("このアカウントへのサインインの失敗が続きました。", "Too many failed sign-ins to this account."),
    ADDRESS: Text("この接続元からのサインインの失敗が続いています。", "Too many failed sign-ins from this network."),
    ACCOUNT: Text("このアカウントへのサインインの失敗が続いています。", "Too many failed sign-ins to this account."),
    PASSWORD: Text("パスワードの誤りが続きました。", "Too many wrong passwords."),
    CODE: Text("認証コードの誤りが続きました。", "Too many wrong codes."),
}


@dataclass(frozen=True, slots=True)
class Origin:
    """The account that an attempt names and the address that it comes from, as the counters know them."""

    pair: bytes
    address: bytes
    account: bytes
    address_text: str

    @classmethod
    def of(cls, email: str, ip: str | None) -> "Origin":
        address = address_key(ip)
        return cls(throttle.key_hash(email, address), throttle.key_hash(address), throttle.key_hash(email), address)

    @property
    def keys(self) -> dict[str, bytes]:
        return {PAIR: self.pair, ADDRESS: self.address, ACCOUNT: self.account}


@dataclass(frozen=True, slots=True)
class Verdict:
    """``refusal`` is None for an attempt that may be checked. ``account_over``: it may be only because the user has
    signed in from this address before."""

    refusal: LoginThrottled | None
    account_over: bool


def address_key(ip: str | None) -> str:
    """An IPv4 address, or the /64 that an IPv6 customer owns."""
    try:
        address = ipaddress.ip_address(ip or "")
    except ValueError:
        return ip or ""
    if address.version == 6:
        return str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)


async def decide_alone(uow: UnitOfWork, origin: Origin) -> None:
    """From here to the end of the transaction no other attempt on this account from this address is decided."""
    await throttle.decide_alone(uow, origin.pair)


async def judge(reader: Reader, origin: Origin, user_id: UUID | None) -> Verdict:
    """Whether an attempt may be checked now. Who has signed in from this address before is refused only for failures
    of their own account from there: neither a spread attack on them nor one on their colleagues locks them out."""
    counters = await throttle.open_counters(reader, origin.keys)
    known = await throttle.acquaintance(reader, user_id or NOBODY, origin.address, clock.now() - KNOWN_FOR)
    limits = {
        PAIR: PAIR_LIMIT,
        ADDRESS: ADDRESS_LIMIT + ADDRESS_LIMIT_PER_USER * known.users,
        ACCOUNT: ACCOUNT_LIMIT,
    }
    over = {scope: counter.window_ends_at for scope, counter in counters.items() if counter.failures >= limits[scope]}
    binding = {scope: end for scope, end in over.items() if scope == PAIR or not known.user_is_known}
    if not binding:
        return Verdict(None, ACCOUNT in over)
    scope = max(binding, key=lambda name: binding[name])
    return Verdict(_throttled(scope, binding[scope]), ACCOUNT in over)


async def failed(uow: UnitOfWork, origin: Origin) -> None:
    await throttle.add_failure(uow, origin.keys, WINDOWS)


async def succeeded(uow: UnitOfWork, origin: Origin, user_id: UUID) -> None:
    await throttle.reset(uow, PAIR, origin.pair)
    await throttle.remember(uow, user_id, origin.address)


async def refuse_guess(reader: Reader, what: str, user_id: UUID) -> None:
    """Before a guess of somebody who is signed in is looked at; raises LoginThrottled."""
    counters = await throttle.open_counters(reader, {what: _own_key(what, user_id)})
    if what in counters and counters[what].failures >= PAIR_LIMIT:
        raise _throttled(what, counters[what].window_ends_at)


async def guess_was_wrong(uow: UnitOfWork, what: str, user_id: UUID) -> None:
    await throttle.add_failure(uow, {what: _own_key(what, user_id)}, WINDOWS)


async def guess_was_right(uow: UnitOfWork, what: str, user_id: UUID) -> None:
    await throttle.reset(uow, what, _own_key(what, user_id))


def _own_key(what: str, user_id: UUID) -> bytes:
    return throttle.key_hash(what, str(user_id))


def _throttled(scope: str, until: datetime) -> LoginThrottled:
    return LoginThrottled(math.ceil((until - clock.now()).total_seconds()), _REASONS[scope])
