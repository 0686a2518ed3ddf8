"""A report as CSV: UTF-8 with a byte order mark, so that spreadsheets read Japanese, and without live formulas.

Columns are named by stable keys in every language, as figures are in JSON; the words that people read are the
frontend's.
"""

import csv
import io
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from services.analytics.reports.figures import YEN
from services.kit.text.spreadsheets import BYTE_ORDER_MARK, neutral


def as_csv(document: Mapping[str, Any]) -> bytes:
    """The groups of a report, one a line, and the whole period as the last. ``key`` is empty in a line of everybody."""
    names = list(document["figures"])
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    whole = {"period": document["period"], "key": None, "figures": document["figures"]}
    columns = [column for name in names for column in _columns_of(name, document["figures"][name])]
    writer.writerow(["from", "to", "key", *(column.title for column in columns), "asOf"])
    for group in (*document["groups"], whole):
        key = group["key"]
        label = "" if key is None else key["name"] or key["id"]
        cells = [column.cell(group["figures"]) for column in columns]
        writer.writerow([group["period"]["from"], group["period"]["to"], neutral(label), *cells, document["asOf"]])
    return (BYTE_ORDER_MARK + buffer.getvalue()).encode()


class _Column(NamedTuple):
    """A figure; of a sum of money, what is in one currency."""

    name: str
    currency: str | None = None

    @property
    def title(self) -> str:
        return self.name if self.currency is None else f"{self.name}.{self.currency}"

    def cell(self, figures: Mapping[str, Any]) -> str:
        figure = figures[self.name]
        value = figure["value"] if self.currency is None else figure["amounts"].get(self.currency, 0)
        return "" if value is None else str(value)


def _columns_of(name: str, whole: Mapping[str, Any]) -> Iterator[_Column]:
    """Currencies are never added up: each that occurs in the period has a column of its own, yen first."""
    if whole.get("amounts") is None:
        yield _Column(name)
        return
    for currency in (YEN, *sorted(set(whole["amounts"]) - {YEN})):
        yield _Column(name, currency)
