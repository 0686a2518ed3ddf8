"""Templates of requests."""

from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.kit.db.database import Reader, Row, UnitOfWork

_COLUMNS = 'id, name, owner_id AS "ownerId", content, version, created_at AS "createdAt", updated_at AS "updatedAt"'


async def usable(reader: Reader, user_id: UUID, limit: int) -> list[Row]:
    """The user's own by name, then the firm's."""
    return await reader.all(
        f"SELECT {_COLUMNS} FROM approval_templates WHERE owner_id = %s OR owner_id IS NULL"  # noqa: S608
        " ORDER BY owner_id IS NULL, name, id LIMIT %s",
        [user_id, limit],
    )


async def one(reader: Reader, user_id: UUID, template_id: UUID) -> Row | None:
    """One that the user can use."""
    return await reader.one(
        f"SELECT {_COLUMNS} FROM approval_templates WHERE id = %s AND (owner_id = %s OR owner_id IS NULL)",  # noqa: S608
        [template_id, user_id],
    )


async def hold_place(uow: UnitOfWork, owner_id: UUID | None) -> int:
    """How many the owner has (None: the firm); nobody adds another one before the transaction ends."""
    await uow.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"approval_templates:{owner_id}"])
    count: int = await uow.scalar(
        "SELECT count(*) FROM approval_templates WHERE owner_id IS NOT DISTINCT FROM %s", [owner_id]
    )
    return count


async def insert(
    uow: UnitOfWork,
    *,
    template_id: UUID,
    owner_id: UUID | None,
    name: str,
    content: dict[str, Any],
    created_by: UUID,
    at: datetime,
) -> None:
    await uow.execute(
        "INSERT INTO approval_templates (id, owner_id, name, content, version, created_by, created_at, updated_at)"
        " VALUES (%s, %s, %s, %s, 1, %s, %s, %s)",
        [template_id, owner_id, name, Jsonb(content), created_by, at, at],
    )


async def rename(uow: UnitOfWork, template_id: UUID, name: str, at: datetime) -> None:
    await uow.execute(
        "UPDATE approval_templates SET name = %s, version = version + 1, updated_at = %s WHERE id = %s",
        [name, at, template_id],
    )


async def delete(uow: UnitOfWork, template_id: UUID) -> None:
    await uow.execute("DELETE FROM approval_templates WHERE id = %s", [template_id])
