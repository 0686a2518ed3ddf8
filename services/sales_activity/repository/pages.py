"""One page of a list in the order of a key, for viewers who see only a part of the table.

"Mine, or about a customer of mine" as a condition would walk the table in the order of the key until enough rows were
found. Instead each person or customer through whom a row is seen contributes their own first rows, by an index that
stands in that order, and the page is taken from what they found. The cost grows with them, not with the table.
"""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """`owners` selects the `id` of people or customers; `link` tells which rows are theirs, owner.id being one of
    them. A way without owners leads to the rows of its link. `few`: no index leads to them in the order of the key, so
    all of them are fetched and sorted."""

    owners: str | None = None
    link: str = "TRUE"
    few: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """`key`, `conditions` and the ways' links refer to `alias`."""

    table: str
    alias: str
    key: str
    ways: Sequence[Way]
    conditions: Sequence[str]
    descending: bool

    def statement(self, columns: str, joins: str) -> str:
        """Selects `columns` of the first %(limit)s rows."""
        order = f"sort_key {self._direction}, id {self._direction}"
        found = " UNION ".join(self._found_by(way) for way in self.ways)
        return (
            f"SELECT {columns} FROM (SELECT id, sort_key FROM ({found}) AS found ORDER BY {order} LIMIT %(limit)s)"  # noqa: S608
            f" AS page JOIN {self.table} AS {self.alias} ON {self.alias}.id = page.id {joins}"
            f" ORDER BY page.sort_key {self._direction}, page.id {self._direction}"
        )

    @property
    def _direction(self) -> str:
        return "DESC" if self.descending else "ASC"

    def _found_by(self, way: Way) -> str:
        rows = (
            f"SELECT {self.alias}.id, {self.key} AS sort_key FROM {self.table} AS {self.alias}"  # noqa: S608
            f" WHERE {' AND '.join([way.link, *self.conditions])}"
        )
        if way.few:
            return f"({rows})"
        first = f"{rows} ORDER BY {self.key} {self._direction}, {self.alias}.id {self._direction} LIMIT %(limit)s"
        if way.owners is None:
            return f"({first})"
        return f"(SELECT theirs.* FROM ({way.owners}) AS owner CROSS JOIN LATERAL ({first}) AS theirs)"  # noqa: S608
