"""Views that people saved, and what they have set aside."""

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import orjson

from services.kit.db.database import Reader, Row, UnitOfWork

NEAR: Final = timedelta(days=1)
"""Before its deadline a request is not set aside."""

ASLEEP: Final = (
    "EXISTS (SELECT FROM inbox_snoozes z WHERE z.user_id = %(me)s AND z.approval_id = a.id AND z.until > %(now)s"
    " AND z.history_length = a.history_length AND (a.deadline_at IS NULL OR a.deadline_at > %(near)s))"
)
"""SQL condition on ``approvals a``: set aside by ``me``, and nothing has happened since; with ``asleep_params``."""


def asleep_params(now: datetime) -> dict[str, Any]:
    return {"now": now, "near": now + NEAR}


# Views ----------------------------------------------------------------------------------------------

_VIEW = 'id, name, filter, is_default AS "isDefault", version'


async def views(reader: Reader, user_id: UUID) -> list[Row]:
    return await reader.all(
        f"SELECT {_VIEW} FROM inbox_views WHERE user_id = %s ORDER BY name_key, id",  # noqa: S608
        [user_id],
    )


async def view(reader: Reader, user_id: UUID, view_id: UUID) -> Row | None:
    return await reader.one(
        f"SELECT {_VIEW} FROM inbox_views WHERE user_id = %s AND id = %s",  # noqa: S608
        [user_id, view_id],
    )


async def hold_views(uow: UnitOfWork, user_id: UUID) -> int:
    """How many the user has; nobody changes them otherwise before the transaction ends."""
    await uow.execute("SELECT pg_advisory_xact_lock(hashtext('inbox_views'), hashtext(%s))", [str(user_id)])
    count: int = await uow.scalar("SELECT count(*) FROM inbox_views WHERE user_id = %s", [user_id])
    return count


async def named(reader: Reader, user_id: UUID, name_key: str, *, but: UUID | None) -> bool:
    return bool(
        await reader.scalar(
            "SELECT 1 FROM inbox_views WHERE user_id = %s AND name_key = %s AND id IS DISTINCT FROM %s",
            [user_id, name_key, but],
        )
    )


async def unset_default(uow: UnitOfWork, user_id: UUID, at: datetime) -> None:
    await uow.execute(
        "UPDATE inbox_views SET is_default = false, version = version + 1, updated_at = %s"
        " WHERE user_id = %s AND is_default",
        [at, user_id],
    )


async def insert_view(uow: UnitOfWork, values: dict[str, Any]) -> None:
    await uow.execute(
        "INSERT INTO inbox_views (id, user_id, name, name_key, filter, is_default, version, created_at, updated_at)"
        " VALUES (%(id)s, %(user_id)s, %(name)s, %(name_key)s, %(filter)s::jsonb, %(is_default)s, 1, %(at)s, %(at)s)",
        values | {"filter": orjson.dumps(values["filter"]).decode()},
    )


async def update_view(uow: UnitOfWork, values: dict[str, Any]) -> None:
    await uow.execute(
        "UPDATE inbox_views SET name = %(name)s, name_key = %(name_key)s, filter = %(filter)s::jsonb,"
        " is_default = %(is_default)s, version = version + 1, updated_at = %(at)s WHERE id = %(id)s",
        values | {"filter": orjson.dumps(values["filter"]).decode()},
    )


async def delete_view(uow: UnitOfWork, user_id: UUID, view_id: UUID) -> int:
    return await uow.execute("DELETE FROM inbox_views WHERE user_id = %s AND id = %s", [user_id, view_id])


# Snoozes --------------------------------------------------------------------------------------------


async def snooze(uow: UnitOfWork, values: dict[str, Any]) -> None:
    """Anew, if it was set aside before."""
    await uow.execute(
        "INSERT INTO inbox_snoozes (user_id, approval_id, until, history_length, created_at)"
        " VALUES (%(user_id)s, %(approval_id)s, %(until)s, %(history_length)s, %(at)s)"
        " ON CONFLICT (user_id, approval_id) DO UPDATE SET until = excluded.until,"
        " history_length = excluded.history_length, created_at = excluded.created_at",
        values,
    )


async def wake(uow: UnitOfWork, user_id: UUID, approval_id: UUID) -> int:
    return await uow.execute(
        "DELETE FROM inbox_snoozes WHERE user_id = %s AND approval_id = %s", [user_id, approval_id]
    )


async def delete_over(uow: UnitOfWork, now: datetime) -> int:
    """Snoozes whose time has come; they hide nothing any more."""
    return await uow.execute("DELETE FROM inbox_snoozes WHERE until <= %s", [now])
