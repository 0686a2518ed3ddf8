"""Counters of failed sign-ins, and the addresses from which a user has signed in before."""

import hashlib
from datetime import datetime, timedelta
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.running import clock


def key_hash(*parts: str) -> bytes:
    """Addresses and accounts that failed are personal data, known or not: only a hash is kept."""
    return hashlib.sha256("\0".join(parts).encode()).digest()


async def count_attempt(uow: UnitOfWork, scope: str, key: bytes, window: timedelta) -> Row:
    """Counts first, before the password is looked at, so that parallel guesses can't slip through together."""
    now = clock.now()
    row = await uow.one(
        "INSERT INTO login_attempts AS a (scope, key_hash, failures, window_ends_at) VALUES (%(scope)s, %(key)s, 1,"
        " %(end)s) ON CONFLICT (scope, key_hash) DO UPDATE SET"
        " failures = CASE WHEN a.window_ends_at <= %(now)s THEN 1 ELSE a.failures + 1 END,"
        " window_ends_at = CASE WHEN a.window_ends_at <= %(now)s THEN excluded.window_ends_at"
        " ELSE a.window_ends_at END RETURNING failures, window_ends_at",
        {"scope": scope, "key": key, "now": now, "end": now + window},
    )
    assert row is not None, "an upsert returns its row"
    return row


async def take_back(uow: UnitOfWork, scope: str, key: bytes) -> None:
    """The attempt was none: it succeeded."""
    await uow.execute(
        "UPDATE login_attempts SET failures = greatest(failures - 1, 0) WHERE scope = %s AND key_hash = %s",
        [scope, key],
    )


async def reset(uow: UnitOfWork, scope: str, key: bytes) -> None:
    await uow.execute("DELETE FROM login_attempts WHERE scope = %s AND key_hash = %s", [scope, key])


async def is_known(reader: Reader, user_id: UUID, address: bytes, since: datetime) -> bool:
    return bool(
        await reader.scalar(
            "SELECT true FROM known_addresses WHERE user_id = %s AND address_hash = %s AND last_success_at >= %s",
            [user_id, address, since],
        )
    )


async def remember(uow: UnitOfWork, user_id: UUID, address: bytes) -> None:
    await uow.execute(
        "INSERT INTO known_addresses (user_id, address_hash, last_success_at) VALUES (%s, %s, %s)"
        " ON CONFLICT (user_id, address_hash) DO UPDATE SET last_success_at = excluded.last_success_at",
        [user_id, address, clock.now()],
    )


async def forget(uow: UnitOfWork, before: datetime) -> None:
    """Housekeeping: windows that are over."""
    await uow.execute("DELETE FROM login_attempts WHERE window_ends_at < %s", [before])
