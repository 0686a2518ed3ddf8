"""A history: every version of an aggregate, with the time during which it was the valid one.

An aggregate's state at an instant is its highest version among the events up to then. So a version is valid from its
event's timestamp until the earliest timestamp of any later version; where clocks disagree a version may have been
valid at no time. This holds in whatever order the events arrive: nothing is ever parked, and a repeat changes nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import orjson

from services.analytics.projections.events import Event
from services.analytics.projections.metrics import METRICS_MERGE, METRICS_SELECT
from services.kit.db.unit_of_work import UnitOfWork


class Column(NamedTuple):
    """A column, its type in PostgreSQL, and the member of ``data`` that fills it, unless its value is derived."""

    name: str
    type: str
    member: str
    derive: Callable[[Mapping[str, Any]], Any] | None = None


def _until(window: str) -> str:
    """When a version stopped being valid: at the earliest timestamp of any later one.

    The window is ordered from the latest version to the first: the other way round PostgreSQL would look at all later
    versions again for each.
    """
    later = "ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING"
    return f"coalesce(min(valid_from) OVER ({window} {later}), 'infinity')"


@dataclass(frozen=True, eq=False)
class History:
    """``rep``, ``amount`` and ``currency`` (empty: no amount) are the SQL expressions of the daily metrics."""

    name: str
    table: str
    key: str
    events: frozenset[str]
    columns: tuple[Column, ...]
    rep: str
    amount: str = "0"
    currency: str = "''"

    def row(self, event: Event) -> dict[str, Any]:
        """The event as one JSON record for ``insert``. Raises ValueError on a state change without a version."""
        if event.aggregate_version is None:
            raise ValueError(f"{event.event_type} carries no aggregate version")
        data = event.data
        row = {member: data.get(member) for member in self._members}
        for column in self._derived:
            row[column.member] = column.derive(data)  # type: ignore[misc]
        row["_id"], row["_version"] = event.aggregate_id, event.aggregate_version
        row["_type"], row["_at"] = event.event_type, event.timestamp
        return row

    @cached_property
    def _members(self) -> tuple[str, ...]:
        return tuple(column.member for column in self.columns if column.derive is None)

    @cached_property
    def _derived(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.derive is not None)

    @cached_property
    def _record(self) -> str:
        own = ('"_id" uuid', '"_version" int', '"_type" text', '"_at" timestamptz')
        return ", ".join((*own, *(f'"{column.member}" {column.type}' for column in self.columns)))

    @cached_property
    def _names(self) -> str:
        return ", ".join(column.name for column in self.columns)

    def _insert(self, table: str) -> str:
        members = ", ".join(f'r."{column.member}"' for column in self.columns)
        return (
            f"INSERT INTO {table} ({self.key}, version, event_type, valid_from, {self._names})"
            f' SELECT r."_id", r."_version", r."_type", r."_at", {members}'
            f" FROM json_to_recordset(%(rows)s::json) AS r ({self._record})"
        )

    def _json(self, events: Sequence[Event]) -> str:
        return orjson.dumps([self.row(event) for event in events]).decode()

    async def apply(self, uow: UnitOfWork, events: Sequence[Event], *, schema: str) -> None:
        """Adds the versions that are not there yet, counts them, and closes those that they follow.

        ``events``: of this aggregate's types only. Nobody else may write to the table meanwhile.
        """
        table = f"{schema}.{self.table}"
        # Each version that was really added counts in the metrics of its day: exactly once.
        select = METRICS_SELECT.format(rep=self.rep, amount=self.amount, currency=self.currency, source="added")
        await uow.execute(
            f"WITH added AS ({self._insert(table)} ON CONFLICT ({self.key}, version) DO NOTHING RETURNING *) "
            + METRICS_MERGE.format(schema=schema, select=select),
            {"rows": self._json(events)},
        )
        # By key and place: whatever the size of the table, the planner can only take its index. Versions that ended
        # before the earliest new event can't be affected, so they are not looked at.
        await uow.execute(
            f"UPDATE {table} AS h SET valid_to = n.until FROM unnest(%(keys)s::uuid[]) AS k (key) CROSS JOIN LATERAL"
            f" (SELECT v.ctid AS place, v.valid_to, {_until('ORDER BY v.version DESC')} AS until"
            f" FROM {table} AS v WHERE v.{self.key} = k.key AND v.valid_to > %(since)s) AS n"
            " WHERE h.ctid = n.place AND n.valid_to <> n.until",
            {
                "keys": sorted({event.aggregate_id for event in events}),
                "since": min(event.timestamp for event in events),
            },
        )

    # A rebuild loads everything into a heap first, and sorts it once.

    @property
    def _heap(self) -> str:
        return f"{self.table}_loaded"

    async def begin_load(self, uow: UnitOfWork, *, schema: str) -> None:
        """``schema`` has this history's table, empty and without indexes."""
        await uow.execute(
            f"CREATE UNLOGGED TABLE {schema}.{self._heap} (LIKE {schema}.{self.table} INCLUDING DEFAULTS)"
        )

    async def load(self, uow: UnitOfWork, events: Sequence[Event], *, schema: str) -> None:
        """Takes events as they come, repeated ones too."""
        await uow.execute(self._insert(f"{schema}.{self._heap}"), {"rows": self._json(events)})

    async def finish_load(self, uow: UnitOfWork, *, schema: str) -> None:
        """The table with its times of validity, and the metrics, of all that was loaded."""
        columns = f"{self.key}, version, event_type, valid_from, {self._names}"
        await uow.execute(
            f"INSERT INTO {schema}.{self.table} ({columns}, valid_to) SELECT {columns},"
            f" {_until(f'PARTITION BY {self.key} ORDER BY version DESC')}"
            f" FROM (SELECT DISTINCT ON ({self.key}, version) * FROM {schema}.{self._heap}"
            f" ORDER BY {self.key}, version DESC) AS v"
        )
        await uow.execute(f"DROP TABLE {schema}.{self._heap}")
        select = METRICS_SELECT.format(
            rep=self.rep, amount=self.amount, currency=self.currency, source=f"{schema}.{self.table}"
        )
        await uow.execute(METRICS_MERGE.format(schema=schema, select=select))
