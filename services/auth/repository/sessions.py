"""Sessions, refresh tokens and revocations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from services.auth.record import Session
from services.auth.settings import REVOCATION_RETENTION
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork
from services.kit.running import clock

VIEW: Final = (
    'id, created_at AS "createdAt", last_used_at AS "lastUsedAt", expires_at AS "expiresAt", ip,'
    ' user_agent AS "userAgent"'
)


@dataclass(frozen=True, slots=True)
class TokenState:
    """What decides about a refresh token. ``successor_used``: one of those that were given for it has been used."""

    used_at: datetime | None
    expires_at: datetime
    successor_used: bool


async def insert(uow: UnitOfWork, session: Session) -> None:
    await uow.execute(
        "INSERT INTO sessions (id, user_id, created_at, last_used_at, expires_at, ip, user_agent)"
        " VALUES (%(id)s, %(user_id)s, %(created_at)s, %(last_used_at)s, %(expires_at)s, %(ip)s, %(user_agent)s)",
        session.values(),
    )


async def insert_token(
    uow: UnitOfWork, *, token_hash: bytes, session_id: UUID, parent_hash: bytes | None, expires_at: datetime
) -> None:
    await uow.execute(
        "INSERT INTO refresh_tokens (token_hash, session_id, parent_hash, expires_at) VALUES (%s, %s, %s, %s)",
        [token_hash, session_id, parent_hash, expires_at],
    )


async def session_of_token(reader: Reader, token_hash: bytes) -> UUID | None:
    session_id: UUID | None = await reader.scalar(
        "SELECT session_id FROM refresh_tokens WHERE token_hash = %s", [token_hash]
    )
    return session_id


async def token_state(uow: UnitOfWork, token_hash: bytes) -> TokenState | None:
    """To be read after the session is locked: what waited for the lock may have used it."""
    row = await uow.one(
        "SELECT used_at, expires_at, EXISTS (SELECT 1 FROM refresh_tokens s WHERE s.parent_hash = t.token_hash"
        " AND s.used_at IS NOT NULL) AS successor_used FROM refresh_tokens t WHERE token_hash = %s",
        [token_hash],
    )
    return None if row is None else TokenState(**row)


async def use_token(uow: UnitOfWork, token_hash: bytes, now: datetime) -> None:
    await uow.execute(
        "UPDATE refresh_tokens SET used_at = %s WHERE token_hash = %s AND used_at IS NULL", [now, token_hash]
    )


async def lock(uow: UnitOfWork, session_id: UUID) -> Session | None:
    """Rotations of one session happen one after the other."""
    row = await uow.one("SELECT * FROM sessions WHERE id = %s FOR UPDATE", [session_id])
    return None if row is None else Session.from_row(row)


async def was_used(uow: UnitOfWork, session: Session) -> None:
    await uow.execute(
        "UPDATE sessions SET last_used_at = %(last_used_at)s, ip = %(ip)s WHERE id = %(id)s", session.values()
    )


async def list_open(reader: Reader, user_id: UUID) -> list[Row]:
    return await reader.all(
        f"SELECT {VIEW} FROM sessions WHERE user_id = %s AND ended_at IS NULL AND expires_at > %s"  # noqa: S608
        " ORDER BY last_used_at DESC",
        [user_id, clock.now()],
    )


async def end(uow: UnitOfWork, session_id: UUID, *, user_id: UUID, reason: str) -> bool:
    """End one session and revoke its access tokens; False when it had ended or is not this user's."""
    rows = await _end(
        uow,
        "UPDATE sessions SET ended_at = %(now)s, end_reason = %(reason)s"
        " WHERE id = %(id)s AND user_id = %(user_id)s AND ended_at IS NULL RETURNING id",
        {"id": session_id, "user_id": user_id, "reason": reason},
    )
    return bool(rows)


async def end_all(uow: UnitOfWork, user_id: UUID, *, reason: str, but: UUID | None = None) -> list[UUID]:
    """End all sessions of a user, except for one; returns those that it ended."""
    return await _end(
        uow,
        "UPDATE sessions SET ended_at = %(now)s, end_reason = %(reason)s"
        " WHERE user_id = %(user_id)s AND ended_at IS NULL AND id IS DISTINCT FROM %(but)s RETURNING id",
        {"user_id": user_id, "reason": reason, "but": but},
    )


async def _end(uow: UnitOfWork, statement: str, params: Row) -> list[UUID]:
    now = clock.now()
    ended = [row["id"] for row in await uow.all(statement, params | {"now": now})]
    if ended:
        # Their readers go by the database's clock: those of two replicas may be minutes apart.
        await uow.execute(
            "INSERT INTO revocations (session_id, created_at, expires_at) SELECT unnest(%s::uuid[]), now(), %s",
            [ended, now + REVOCATION_RETENTION],
        )
    return ended


async def void_tokens(uow: UnitOfWork, user_id: UUID) -> None:
    """Access tokens issued until now no longer count; sessions go on with fresh ones (changed roles, for instance).

    A replica whose clock is ahead may have issued some later than now: a session's last use is when its newest was.
    """
    now = clock.now()
    await uow.execute(
        "INSERT INTO revocations (user_id, not_before, created_at, expires_at)"
        " SELECT %(user_id)s, greatest(%(now)s, max(last_used_at) + interval '1 microsecond'), now(), %(expires_at)s"
        " FROM sessions WHERE user_id = %(user_id)s",
        {"user_id": user_id, "now": now, "expires_at": now + REVOCATION_RETENTION},
    )


async def issue_time(uow: UnitOfWork, user_id: UUID) -> datetime:
    """Now, or the instant before which all tokens of the user are void: that of a replica whose clock is ahead."""
    instant: datetime = await uow.scalar(
        "SELECT greatest(%s, max(not_before)) FROM revocations WHERE user_id = %s", [clock.now(), user_id]
    )
    return instant


async def revocations(reader: Reader, since: datetime | None) -> Row:
    """``entries`` that still matter, recorded at or after ``since``; ``asOf`` on the same clock, the database's."""
    as_of = await reader.scalar("SELECT now()")
    entries = await reader.all(
        'SELECT session_id AS "sessionId", user_id AS "userId", not_before AS "notBefore", expires_at AS "expiresAt"'
        " FROM revocations WHERE expires_at > %(now)s AND created_at >= coalesce(%(since)s, '-infinity'::timestamptz)"
        " ORDER BY id",
        {"now": clock.now(), "since": since},
    )
    return {"asOf": as_of, "entries": entries}


async def forget(uow: UnitOfWork, before: datetime) -> None:
    """Housekeeping: sessions and revocations that concern nobody any more."""
    await uow.execute("DELETE FROM revocations WHERE expires_at < %s", [before])
    await uow.execute("DELETE FROM refresh_tokens WHERE expires_at < %s", [before])
    await uow.execute("DELETE FROM sessions WHERE expires_at < %s", [before])
