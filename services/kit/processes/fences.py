"""Fences: a process's semantic lock on a row, held in every service that has work about it.

A table with fences has the columns ``id`` and ``blocked_by_process``. Whoever creates work that refers to the row
checks it FOR SHARE, the process that blocks it updates it; so one of the two waits for the other's commit and sees it.
"""

from functools import lru_cache
from typing import Final
from uuid import UUID

from psycopg import sql

from services.kit.db.unit_of_work import Reader, UnitOfWork, identifier
from services.kit.errors import Blocked, NotFound

_LOOK: Final = "SELECT blocked_by_process FROM {table} WHERE id = %s"
_LOCK_AND_LOOK: Final = "SELECT blocked_by_process FROM {table} WHERE id = %s FOR SHARE"


@lru_cache(maxsize=64)
def _statement(template: str, table: str) -> sql.Composed:
    return sql.SQL(template).format(table=identifier(table))


async def check_unblocked(reader: Reader, table: str, id: UUID) -> None:  # noqa: A002
    """Locks the row against a coming fence until the transaction ends; a plain reader can only look.

    Raises Blocked (409 with the process id) if a process holds it, NotFound if there is no such row.
    """
    look = _LOCK_AND_LOOK if isinstance(reader, UnitOfWork) else _LOOK
    row = await reader.one(_statement(look, table), [id])
    if row is None:
        raise NotFound
    if row["blocked_by_process"] is not None:
        raise Blocked(row["blocked_by_process"])


async def block(uow: UnitOfWork, table: str, id: UUID, process_id: UUID) -> bool:  # noqa: A002
    """Raises the fence; a repeat does no harm. False if there is no such row, Blocked if another process holds it."""
    row = await uow.one(
        _statement(
            "UPDATE {table} SET blocked_by_process = coalesce(blocked_by_process, %s) WHERE id = %s"
            " RETURNING blocked_by_process",
            table,
        ),
        [process_id, id],
    )
    if row is not None and row["blocked_by_process"] != process_id:
        raise Blocked(row["blocked_by_process"])
    return row is not None


async def unblock(uow: UnitOfWork, table: str, id: UUID, process_id: UUID) -> None:  # noqa: A002
    """Lowers the fence if this process holds it; does nothing otherwise."""
    await uow.execute(
        _statement("UPDATE {table} SET blocked_by_process = NULL WHERE id = %s AND blocked_by_process = %s", table),
        [id, process_id],
    )
