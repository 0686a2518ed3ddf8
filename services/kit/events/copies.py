"""Reference copies: what a service keeps of another service's records, so that it need not ask for each decision.

Each event carries the full state, so the newest version wins and neither order nor gaps matter. A copy that is not
there yet costs one call to the owner, whose answer is stored.

The table has ``id uuid PRIMARY KEY``, ``aggregate_version int NOT NULL``, ``blocked_by_process uuid`` (see fences; a
copy's update keeps it) and the columns that are copied, of any type that jsonb_populate_recordset can fill.
"""

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson
from psycopg import sql

from services.kit.db.unit_of_work import Reader, Row, UnitOfWork, identifier
from services.kit.errors import NotFound
from services.kit.events.envelope import Envelope

Fetch = Callable[[UUID], Awaitable[Mapping[str, Any] | None]]
"""GET at the owner: the fields of its events and ``aggregateVersion``, or None if it has no such record."""


class CopyTable:
    """``columns``: column → field of the event's data. A field that an event lacks leaves its column as it is.

    ``deleted_events``: event type → values of columns that such an event implies, e.g.
    ``{"user.deleted": {"state": "DELETED"}}``; the row stays, as a tombstone that older events can't revive.
    """

    def __init__(
        self,
        *,
        table: str,
        topic: str,
        columns: Mapping[str, str],
        deleted_events: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.table = table
        self.topic = topic
        self._columns = dict(columns)
        self._deleted_events = dict(deleted_events or {})
        self._statements: dict[tuple[str, ...], sql.Composed] = {}

    async def apply(self, uow: UnitOfWork, envelopes: Iterable[Envelope]) -> None:
        """Takes over what is newer. Envelopes without a version, or not about these records, change nothing.

        Recognises its records by the event type's first word, which must be that of the topic (``user.events``).
        """
        prefix = self.topic.partition(".")[0] + "."
        newest: dict[UUID, Row] = {}
        for envelope in sorted(
            (e for e in envelopes if e.aggregate_version is not None and e.event_type.startswith(prefix)),
            key=lambda e: e.aggregate_version or 0,
        ):
            row = newest.setdefault(envelope.aggregate_id, {})
            row |= self._row(envelope.aggregate_id, envelope.aggregate_version or 0, envelope.data)
            row |= self._deleted_events.get(envelope.event_type, {})
        await self._store(uow, list(newest.values()))

    async def require(self, reader: Reader, id: UUID, fetch: Fetch) -> Row:  # noqa: A002
        """The copy; fetched from the owner if it is not here, and stored if ``reader`` is a unit of work.

        Raises NotFound if the owner has no such record, and what ``fetch`` raises if it can't be asked.
        """
        row = await self.find(reader, id)
        if row is not None:
            return row
        data = await fetch(id)
        if data is None:
            raise NotFound
        fetched = self._row(id, int(data["aggregateVersion"]), data)
        if isinstance(reader, UnitOfWork):
            await self._store(reader, [fetched])
            return await self.find(reader, id) or fetched
        return {"blocked_by_process": None} | fetched

    async def find(self, reader: Reader, id: UUID) -> Row | None:  # noqa: A002
        """The copy as it is here, or None."""
        return await reader.one(sql.SQL("SELECT * FROM {} WHERE id = %s").format(identifier(self.table)), [id])

    def _row(self, id: UUID, version: int, data: Mapping[str, Any]) -> Row:  # noqa: A002
        fields = {column: data[field] for column, field in self._columns.items() if field in data}
        return {"id": id, "aggregate_version": version} | fields

    async def _store(self, uow: UnitOfWork, rows: Sequence[Row]) -> None:
        by_columns: dict[tuple[str, ...], list[Row]] = {}
        for row in sorted(rows, key=lambda row: str(row["id"])):
            by_columns.setdefault(tuple(sorted(row)), []).append(row)
        for columns, alike in by_columns.items():
            if columns not in self._statements:
                self._statements[columns] = self._statement(columns)
            await uow.execute(self._statements[columns], [orjson.dumps(alike).decode()])

    def _statement(self, columns: Sequence[str]) -> sql.Composed:
        names = [sql.Identifier(column) for column in columns]
        changes = [sql.SQL("{0} = excluded.{0}").format(name) for name in names if name != sql.Identifier("id")]
        return sql.SQL(
            "INSERT INTO {table} AS copy ({names})"
            " SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
            " ON CONFLICT (id) DO UPDATE SET {changes} WHERE copy.aggregate_version < excluded.aggregate_version"
        ).format(table=identifier(self.table), names=sql.SQL(", ").join(names), changes=sql.SQL(", ").join(changes))
