"""Counters of failed sign-ins, and the addresses from which a user has signed in before."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from services.kit.db.unit_of_work import Reader, UnitOfWork
from services.kit.running import clock

MOST_USERS_COUNTED: Final = 1_000
"""Of one address: where there are more, the count says no more."""


@dataclass(frozen=True, slots=True)
class Counter:
    """Failures in the window that is open now."""

    failures: int
    window_ends_at: datetime


@dataclass(frozen=True, slots=True)
class Acquaintance:
    """Whether the user has signed in from an address, and how many different users have."""

    user_is_known: bool
    users: int


def key_hash(*parts: str) -> bytes:
    """Addresses and accounts that failed are personal data, known or not: only a hash is kept."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


async def decide_alone(uow: UnitOfWork, key: bytes) -> None:
    """Decisions about one key happen one after the other, so that parallel guesses can't slip through together."""
    await uow.execute("SELECT pg_advisory_xact_lock(%s)", [int.from_bytes(key[:8], signed=True)])


async def open_counters(reader: Reader, keys: Mapping[str, bytes]) -> dict[str, Counter]:
    """Counters by scope; a scope whose window is over, or in which nothing failed, is left out."""
    rows = await reader.all(
        "SELECT scope, failures, window_ends_at FROM login_attempts"
        " JOIN unnest(%(scopes)s::text[], %(keys)s::bytea[]) AS wanted (scope, key_hash) USING (scope, key_hash)"
        " WHERE window_ends_at > %(now)s",
        {"scopes": list(keys), "keys": list(keys.values()), "now": clock.now()},
    )
    return {row["scope"]: Counter(row["failures"], row["window_ends_at"]) for row in rows}


async def add_failure(uow: UnitOfWork, keys: Mapping[str, bytes], windows: Mapping[str, timedelta]) -> None:
    """One failure more in each scope; the first one opens the scope's window."""
    now = clock.now()
    await uow.execute(
        "INSERT INTO login_attempts AS a (scope, key_hash, failures, window_ends_at)"
        " SELECT scope, key_hash, 1, ends_at"
        " FROM unnest(%(scopes)s::text[], %(keys)s::bytea[], %(ends)s::timestamptz[])"
        " AS failed (scope, key_hash, ends_at)"
        " ORDER BY scope ON CONFLICT (scope, key_hash) DO UPDATE SET"
        " failures = CASE WHEN a.window_ends_at <= %(now)s THEN 1 ELSE a.failures + 1 END,"
        " window_ends_at = CASE WHEN a.window_ends_at <= %(now)s THEN excluded.window_ends_at"
        " ELSE a.window_ends_at END",
        {
            "scopes": list(keys),
            "keys": list(keys.values()),
            "ends": [now + windows[scope] for scope in keys],
            "now": now,
        },
    )


async def reset(uow: UnitOfWork, scope: str, key: bytes) -> None:
    await uow.execute("DELETE FROM login_attempts WHERE scope = %s AND key_hash = %s", [scope, key])


async def acquaintance(reader: Reader, user_id: UUID, address: bytes, since: datetime) -> Acquaintance:
    """What is known of an address since then; the statement is the same for a user who does not exist."""
    row = await reader.one(
        "SELECT EXISTS (SELECT 1 FROM known_addresses WHERE user_id = %(user_id)s AND address_hash = %(address)s"
        " AND last_success_at >= %(since)s) AS known,"
        " (SELECT count(*) FROM (SELECT 1 FROM known_addresses WHERE address_hash = %(address)s"
        " AND last_success_at >= %(since)s LIMIT %(most)s) AS those) AS users",
        {"user_id": user_id, "address": address, "since": since, "most": MOST_USERS_COUNTED},
    )
    assert row is not None, "without FROM there is one row"
    return Acquaintance(row["known"], row["users"])


async def remember(uow: UnitOfWork, user_id: UUID, address: bytes) -> None:
    await uow.execute(
        "INSERT INTO known_addresses (user_id, address_hash, last_success_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (user_id, address_hash) DO UPDATE SET last_success_at = excluded.last_success_at",
        [user_id, address, clock.now()],
    )


async def forget(uow: UnitOfWork, before: datetime) -> None:
    """Housekeeping: windows that are over."""
    await uow.execute("DELETE FROM login_attempts WHERE window_ends_at < %s", [before])
