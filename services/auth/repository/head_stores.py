"""The queue of signed heads, and how far each store has got them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from psycopg.types.json import Jsonb

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork

_QUEUE: Final = "audit_head_lines"


async def lock_queue(uow: UnitOfWork) -> None:
    """Who adds lines is alone until the transaction ends: each names the one before it."""
    await uow.execute("SELECT pg_advisory_xact_lock(hashtext(%s))", [_QUEUE])


async def last_line(reader: Reader) -> Row | None:
    return await reader.one("SELECT number, position, line FROM audit_head_lines ORDER BY number DESC LIMIT 1")


async def add(uow: UnitOfWork, after: int, position: int, lines: Sequence[str], at: datetime) -> None:
    await uow.execute(
        "INSERT INTO audit_head_lines (number, position, line, at)"
        " SELECT %s + place, %s, line, %s FROM unnest(%s::text[]) WITH ORDINALITY AS added (line, place)",
        [after, position, at, list(lines)],
    )


async def activate(uow: UnitOfWork, names: Collection[str]) -> None:
    """These stores are kept from now on, and no others; how far any of them had come stays known."""
    await uow.execute("UPDATE audit_head_stores SET active = name = ANY(%s)", [list(names)])
    await uow.execute(
        "INSERT INTO audit_head_stores (name) SELECT unnest(%s::text[]) ON CONFLICT (name) DO NOTHING", [list(names)]
    )


async def waiting(reader: Reader, name: str, limit: int) -> list[Row]:
    """The next lines for a store."""
    return await reader.all(
        "SELECT l.number, l.position, l.line, l.at FROM audit_head_stores s JOIN audit_head_lines l"
        " ON l.number > s.number WHERE s.name = %s ORDER BY l.number LIMIT %s",
        [name, limit],
    )


async def advance(uow: UnitOfWork, name: str, *, number: int, position: int, at: datetime) -> None:
    """A store has got everything up to here. It never goes back."""
    await uow.execute(
        "UPDATE audit_head_stores SET number = greatest(number, %(number)s),"
        " position = greatest(position, %(position)s), kept_at = %(at)s, failing_since = NULL, error = NULL"
        " WHERE name = %(name)s",
        {"name": name, "number": number, "position": position, "at": at},
    )


async def fail(uow: UnitOfWork, name: str, error: str, at: datetime) -> None:
    await uow.execute(
        "UPDATE audit_head_stores SET failing_since = coalesce(failing_since, %s), error = %s WHERE name = %s",
        [at, error, name],
    )


async def note_read(uow: UnitOfWork, name: str, place: dict[str, Any], at: datetime) -> None:
    await uow.execute(
        "UPDATE audit_head_stores SET read_place = %s, read_at = %s WHERE name = %s", [Jsonb(place), at, name]
    )


async def one(reader: Reader, name: str) -> Row | None:
    return await reader.one("SELECT * FROM audit_head_stores WHERE name = %s", [name])


async def kept(reader: Reader) -> list[Row]:
    """The stores that are kept, each with when the oldest line that waits for it was signed."""
    return await reader.all(
        'SELECT s.name, s.position, s.kept_at AS "keptAt", s.failing_since AS "failingSince", s.read_at AS "readAt",'
        " CASE WHEN s.name <> 'file' THEN (SELECT l.at FROM audit_head_lines l WHERE l.number > s.number"
        ' ORDER BY l.number LIMIT 1) END AS "waitsSince"'
        " FROM audit_head_stores s WHERE s.active ORDER BY s.name"
    )
