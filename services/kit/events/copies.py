"""Reference copies: what a service keeps of another service's records, so that it need not ask for each decision.

Each event carries the full state, so the newest version wins and neither order nor gaps matter. A copy that is not
there yet costs one call to the owner, for all that are missing together, before the transaction that needs them.

The table has ``id uuid PRIMARY KEY``, ``aggregate_version int NOT NULL``, ``blocked_by_process uuid`` (see fences; a
copy's update keeps it) and the columns that are copied, of any type that jsonb_populate_recordset can fill.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

import orjson
from psycopg import sql

from services.kit.db.database import Database
from services.kit.db.unit_of_work import Reader, Row, UnitOfWork, identifier
from services.kit.errors import Unavailable
from services.kit.events.envelope import Envelope
from services.kit.running.context import ActorContext
from services.kit.running.outside import OutsideFirst
from services.kit.trust.internal import InternalClient

IDS_PER_CALL: Final = 100
"""Ids in one call to an owner: four kilobytes of query."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where the owner of a record answers for many at once: ``GET {path}?ids=…&ids=…`` gives ``items`` with the fields
    of its events, ``aggregateVersion`` and, as ``key``, the id; ids that it does not know are left out."""

    service: str
    path: str
    key: str


@dataclass(frozen=True, slots=True)
class Owners:
    """How missing copies are brought: by whom they are asked for, and where they are stored."""

    db: Database
    internal: InternalClient


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
        owner: Source | None = None,
    ) -> None:
        self.table = table
        self.topic = topic
        self._columns = dict(columns)
        self._deleted_events = dict(deleted_events or {})
        self._owner = owner
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

    async def require(self, uow: UnitOfWork, owners: Owners, ids: Iterable[UUID]) -> dict[UUID, Row]:
        """The copies by id; whom the owner does not know either is left out.

        Raises OutsideFirst if some are missing: they are asked for in one call, stored, and the transaction runs
        again. Raises Unavailable if the owner can't be asked.
        """
        wanted = set(ids)
        rows = {row["id"]: row for row in await self.find_all(uow, wanted)}
        path, absent = self._source.path, owners.internal.absent
        missing = sorted(id_ for id_ in wanted - rows.keys() if not absent.holds(path, id_))
        if missing:
            raise OutsideFirst(lambda: self._fetch(owners, missing))
        return rows

    async def _fetch(self, owners: Owners, missing: Sequence[UUID]) -> None:
        source = self._source
        found: list[Row] = []
        for start in range(0, len(missing), IDS_PER_CALL):
            portion = missing[start : start + IDS_PER_CALL]
            answer = await owners.internal.get(source.service, source.path, [("ids", str(id_)) for id_ in portion])
            if answer is None:
                raise Unavailable(f"{source.service} has no {source.path}")
            found.extend(
                self._row(UUID(item[source.key]), int(item["aggregateVersion"]), item) for item in answer["items"]
            )
        owners.internal.absent.add(source.path, set(missing) - {row["id"] for row in found})
        if found:
            async with owners.db.transaction(ActorContext.system()) as uow:
                await self._store(uow, found)

    @property
    def _source(self) -> Source:
        assert self._owner is not None, f"nobody is named who could be asked for {self.table}"
        return self._owner

    async def find_all(self, reader: Reader, ids: Iterable[UUID]) -> list[Row]:
        """The copies that are here."""
        statement = sql.SQL("SELECT * FROM {} WHERE id = ANY(%s)").format(identifier(self.table))
        return await reader.all(statement, [list(ids)])

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
