"""Proxies 代理承認: who decides for whom in which period."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork

_VIEW = (
    'p.id, p.from_id AS "fromId", absent.name AS "fromName", p.to_id AS "toId", stand_in.name AS "toName",'
    ' p.starts_at AS "startsAt", p.ends_at AS "endsAt", p.takes_waiting AS "takesWaiting", p.ended, p.version,'
    ' p.created_at AS "createdAt"'
)
_JOINS = (
    " LEFT JOIN user_copies absent ON absent.id = p.from_id LEFT JOIN user_copies stand_in ON stand_in.id = p.to_id"
)


async def insert(uow: UnitOfWork, values: dict[str, Any], at: datetime) -> None:
    await uow.execute(
        "INSERT INTO approval_proxies (id, from_id, to_id, starts_at, ends_at, takes_waiting, version, created_at,"
        " updated_at) VALUES (%(id)s, %(from_id)s, %(to_id)s, %(starts_at)s, %(ends_at)s, %(takes_waiting)s, 1, %(at)s,"
        " %(at)s)",
        values | {"at": at},
    )


async def one(reader: Reader, proxy_id: UUID) -> Row | None:
    return await reader.one(f"SELECT {_VIEW} FROM approval_proxies p{_JOINS} WHERE p.id = %s", [proxy_id])  # noqa: S608


async def page(
    reader: Reader,
    *,
    of_user: UUID | None,
    given_by: list[UUID] | None,
    touching: tuple[datetime | None, datetime | None],
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """The latest period first; ``of_user``: only those given to or by this user; ``given_by``: only those given by one
    of these; ``touching``: only those with a moment in this half-open period."""
    starts_at, proxy_id = after or (None, None)
    begin, end = touching
    return await reader.all(
        f"SELECT {_VIEW} FROM approval_proxies p{_JOINS}"  # noqa: S608
        " WHERE (%(user)s::uuid IS NULL OR p.from_id = %(user)s OR p.to_id = %(user)s)"
        " AND (%(given_by)s::uuid[] IS NULL OR p.from_id = ANY(%(given_by)s))"
        " AND (%(begin)s::timestamptz IS NULL OR p.ends_at > %(begin)s)"
        " AND (%(end)s::timestamptz IS NULL OR p.starts_at < %(end)s)"
        " AND (%(starts_at)s::timestamptz IS NULL OR (p.starts_at, p.id) < (%(starts_at)s, %(id)s::uuid))"
        " ORDER BY p.starts_at DESC, p.id DESC LIMIT %(limit)s",
        {
            "user": of_user,
            "given_by": given_by,
            "begin": begin,
            "end": end,
            "starts_at": starts_at,
            "id": proxy_id,
            "limit": limit,
        },
    )


async def last_decision(uow: UnitOfWork, proxy_id: UUID) -> datetime | None:
    """When its holder decided by it for the last time; None if never."""
    at: datetime | None = await uow.scalar(
        "SELECT max(h.at) FROM approval_proxies p JOIN approval_history h ON h.on_behalf_of = p.from_id"
        " AND h.actor_id = p.to_id AND h.at BETWEEN p.starts_at AND p.ends_at WHERE p.id = %s",
        [proxy_id],
    )
    return at


async def change(uow: UnitOfWork, proxy_id: UUID, values: dict[str, Any], at: datetime) -> None:
    """Its content under the next version; the row is locked."""
    await uow.execute(
        "UPDATE approval_proxies SET to_id = %(to_id)s, starts_at = %(starts_at)s, ends_at = %(ends_at)s,"
        " takes_waiting = %(takes_waiting)s, version = version + 1, updated_at = %(at)s WHERE id = %(id)s",
        values | {"id": proxy_id, "at": at},
    )


async def lock(uow: UnitOfWork, proxy_id: UUID) -> UUID | None:
    """Nobody decides by this proxy until the transaction is over. Returns who holds it; None if it is gone."""
    holder: UUID | None = await uow.scalar("SELECT to_id FROM approval_proxies WHERE id = %s FOR UPDATE", [proxy_id])
    return holder


async def end(uow: UnitOfWork, proxy_id: UUID, at: datetime) -> bool:
    """Ends a proxy that is in force, and deletes one that has not begun; false for one that is over.

    What has begun stays: it is the evidence of the right by which its holder has decided. It does not end before its
    last decision, which another replica may have made by a clock that is ahead of this one's.
    """
    ends_at = max(at, await last_decision(uow, proxy_id) or at)
    ended = await uow.execute(
        "UPDATE approval_proxies SET ends_at = least(ends_at, %(ends_at)s), ended = true, version = version + 1,"
        " updated_at = %(at)s WHERE id = %(id)s AND NOT ended AND starts_at < %(ends_at)s AND ends_at > %(at)s",
        {"id": proxy_id, "ends_at": ends_at, "at": at},
    )
    if ended:
        return True
    return await uow.execute("DELETE FROM approval_proxies WHERE id = %s AND starts_at >= %s", [proxy_id, ends_at]) > 0


async def of_user(uow: UnitOfWork, user_id: UUID, now: datetime) -> list[Row]:
    """Present and coming proxies that a user gave or holds, locked."""
    return await uow.all(
        "SELECT id, from_id, to_id, starts_at, ends_at, takes_waiting FROM approval_proxies"
        " WHERE (from_id = %s OR to_id = %s) AND ends_at > %s AND NOT ended ORDER BY id FOR UPDATE",
        [user_id, user_id, now],
    )


async def give_to(uow: UnitOfWork, proxy_id: UUID, to_id: UUID, at: datetime) -> bool:
    """Somebody else stands in; false if it has begun, so that somebody may have decided by it."""
    given = await uow.execute(
        "UPDATE approval_proxies SET to_id = %(to)s, version = version + 1, updated_at = %(at)s"
        " WHERE id = %(id)s AND from_id <> %(to)s AND starts_at >= %(at)s",
        {"to": to_id, "at": at, "id": proxy_id},
    )
    return given > 0
