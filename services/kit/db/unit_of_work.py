"""One transaction, and what its statements are called with and return."""

from collections.abc import Mapping, Sequence
from typing import Any

import psycopg
from psycopg import sql

from services.kit.running.context import ActorContext

Row = dict[str, Any]
"""The named boundary to SQL: a row by column name. ``repository.py`` turns rows into typed records."""
Parameters = Mapping[str, Any] | Sequence[Any]
Statement = str | sql.Composed


class Reader:
    """Queries on one connection. Parameters are bound, never formatted into the text."""

    __slots__ = ("_connection",)

    def __init__(self, connection: psycopg.AsyncConnection[Row]) -> None:
        self._connection = connection

    async def _run(self, statement: Statement, params: Parameters) -> psycopg.AsyncCursor[Row]:
        return await self._connection.execute(statement, params or None)

    async def one(self, statement: Statement, params: Parameters = ()) -> Row | None:
        """The first row, or None."""
        return await (await self._run(statement, params)).fetchone()

    async def all(self, statement: Statement, params: Parameters = ()) -> list[Row]:
        return await (await self._run(statement, params)).fetchall()

    async def scalar(self, statement: Statement, params: Parameters = ()) -> Any:
        """The first column of the first row, or None."""
        row = await self.one(statement, params)
        return None if row is None else next(iter(row.values()))


class UnitOfWork(Reader):
    """A transaction under way. It has no commit: ``Database.transaction`` commits, at a named edge."""

    __slots__ = ("context", "service", "wakes")

    def __init__(self, connection: psycopg.AsyncConnection[Row], context: ActorContext, *, service: str) -> None:
        super().__init__(connection)
        self.context = context
        self.service = service
        self.wakes: set[str] = set()
        """Channels to notify after the commit."""

    async def execute(self, statement: Statement, params: Parameters = ()) -> int:
        """The number of rows that the statement touched."""
        return (await self._run(statement, params)).rowcount


def identifier(table: str) -> sql.Composable:
    """A table name, quoted; ``schema.table`` is allowed."""
    return sql.Identifier(*table.split("."))
