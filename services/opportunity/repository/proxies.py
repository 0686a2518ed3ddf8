"""Proxies 代理承認: who decides for whom in which period."""

from datetime import datetime
from typing import Any
from uuid import UUID

from services.kit.db.database import Reader, Row, UnitOfWork

_VIEW = (
    'p.id, p.from_id AS "fromId", absent.name AS "fromName", p.to_id AS "toId", stand_in.name AS "toName",'
    ' p.starts_at AS "startsAt", p.ends_at AS "endsAt", p.version, p.created_at AS "createdAt"'
)
_JOINS = (
    " LEFT JOIN user_copies absent ON absent.id = p.from_id LEFT JOIN user_copies stand_in ON stand_in.id = p.to_id"
)


async def insert(uow: UnitOfWork, values: dict[str, Any], at: datetime) -> None:
    await uow.execute(
        "INSERT INTO approval_proxies (id, from_id, to_id, starts_at, ends_at, version, created_at, updated_at)"
        " VALUES (%(id)s, %(from_id)s, %(to_id)s, %(starts_at)s, %(ends_at)s, 1, %(at)s, %(at)s)",
        values | {"at": at},
    )


async def one(reader: Reader, proxy_id: UUID) -> Row | None:
    return await reader.one(f"SELECT {_VIEW} FROM approval_proxies p{_JOINS} WHERE p.id = %s", [proxy_id])  # noqa: S608


async def page(reader: Reader, *, of_user: UUID | None, after: tuple[datetime, UUID] | None, limit: int) -> list[Row]:
    """The latest period first; ``of_user``: only those given to or by this user."""
    starts_at, proxy_id = after or (None, None)
    return await reader.all(
        f"SELECT {_VIEW} FROM approval_proxies p{_JOINS}"  # noqa: S608
        " WHERE (%(user)s::uuid IS NULL OR p.from_id = %(user)s OR p.to_id = %(user)s)"
        " AND (%(starts_at)s::timestamptz IS NULL OR (p.starts_at, p.id) < (%(starts_at)s, %(id)s::uuid))"
        " ORDER BY p.starts_at DESC, p.id DESC LIMIT %(limit)s",
        {"user": of_user, "starts_at": starts_at, "id": proxy_id, "limit": limit},
    )


async def lock(uow: UnitOfWork, proxy_id: UUID) -> None:
    """Nobody decides by this proxy until the transaction is over."""
    await uow.execute("SELECT 1 FROM approval_proxies WHERE id = %s FOR UPDATE", [proxy_id])


async def end(uow: UnitOfWork, proxy_id: UUID, at: datetime) -> bool:
    """Ends a proxy that is in force, and deletes one that has not begun; false for one that is over.

    What has begun stays: it is the evidence of the right by which its holder has decided.
    """
    ended = await uow.execute(
        "UPDATE approval_proxies SET ends_at = %(at)s, version = version + 1, updated_at = %(at)s"
        " WHERE id = %(id)s AND starts_at < %(at)s AND ends_at > %(at)s",
        {"id": proxy_id, "at": at},
    )
    deleted = await uow.execute("DELETE FROM approval_proxies WHERE id = %s AND starts_at >= %s", [proxy_id, at])
    return ended + deleted > 0


async def of_user(uow: UnitOfWork, user_id: UUID, now: datetime) -> list[Row]:
    """Present and coming proxies that a user gave or holds, locked."""
    return await uow.all(
        "SELECT id, from_id, to_id, starts_at, ends_at FROM approval_proxies"
        " WHERE (from_id = %s OR to_id = %s) AND ends_at > %s ORDER BY id FOR UPDATE",
        [user_id, user_id, now],
    )


async def give_to(uow: UnitOfWork, proxy_id: UUID, to_id: UUID, at: datetime, *, only_from: UUID | None = None) -> None:
    """Somebody else stands in; ``only_from``: only while it is still this user."""
    await uow.execute(
        "UPDATE approval_proxies SET to_id = %(to)s, version = version + 1, updated_at = %(at)s"
        " WHERE id = %(id)s AND from_id <> %(to)s AND (%(only)s::uuid IS NULL OR to_id = %(only)s)",
        {"to": to_id, "at": at, "id": proxy_id, "only": only_from},
    )
