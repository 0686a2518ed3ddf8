"""Copies of what facts tell: events that carry no version, because their records are no aggregates of an outbox.

All facts about one record have its id as key, so they stand in one partition in the order in which they happened, and a
consumer applies each once and in that order: the newest that was applied counts. An end is final, so that an earlier
fact that was buried and is redriven later brings nothing back.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID

import orjson
from psycopg import sql

from services.kit.db.unit_of_work import Row, UnitOfWork, identifier
from services.kit.events.envelope import Envelope


@dataclass(frozen=True, slots=True)
class FactTable:
    """``columns``: column → field of the fact's data. The table has ``id uuid PRIMARY KEY``, those columns and
    ``ended boolean NOT NULL``.

    ``prefix``: with what the types of these facts begin (``proxy.``). ``ended_by``: the types after which nothing about
    the record counts any more.
    """

    table: str
    prefix: str
    columns: Mapping[str, str]
    ended_by: frozenset[str]

    async def apply(self, uow: UnitOfWork, envelopes: Iterable[Envelope]) -> None:
        newest: dict[UUID, Row] = {}
        for envelope in envelopes:
            if envelope.event_type.startswith(self.prefix):
                known = newest.get(envelope.aggregate_id)
                if known is None or not known["ended"]:
                    newest[envelope.aggregate_id] = self._row(envelope)
        if newest:
            rows = sorted(newest.values(), key=lambda row: str(row["id"]))
            await uow.execute(self._statement, [orjson.dumps(rows).decode()])

    def _row(self, envelope: Envelope) -> Row:
        fields = {column: envelope.data[field] for column, field in self.columns.items()}
        return {"id": envelope.aggregate_id, "ended": envelope.event_type in self.ended_by} | fields

    @property
    def _statement(self) -> sql.Composed:
        names = [sql.Identifier(column) for column in ("id", "ended", *self.columns)]
        return sql.SQL(
            "INSERT INTO {table} AS copy ({names})"
            " SELECT {names} FROM jsonb_populate_recordset(NULL::{table}, %s::jsonb)"
            " ON CONFLICT (id) DO UPDATE SET {changes} WHERE NOT copy.ended"
        ).format(
            table=identifier(self.table),
            names=sql.SQL(", ").join(names),
            changes=sql.SQL(", ").join(sql.SQL("{0} = excluded.{0}").format(name) for name in names[1:]),
        )
