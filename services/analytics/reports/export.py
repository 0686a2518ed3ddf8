"""A report as CSV: UTF-8 with a byte order mark, so that spreadsheets read Japanese, and without live formulas."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

from services.analytics.reports.labels import COLUMNS, FIGURES

BYTE_ORDER_MARK: Final = "\ufeff"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""OWASP, "CSV Injection": a cell that starts with one of these is a formula to a spreadsheet; to one that takes
double-byte input, the full-width forms are as well."""


def neutral(text: str) -> str:
    """The text as a spreadsheet shows it, never as one that it evaluates."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def as_csv(document: Mapping[str, Any], locale: str) -> bytes:
    """The groups of a report, one a line, and the whole period as the last."""
    names = list(document["figures"])
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    columns = [COLUMNS[name].localized(locale) for name in ("from", "to", "key")]
    header = [*columns, *(FIGURES[name].localized(locale) for name in names), COLUMNS["asOf"].localized(locale)]
    writer.writerow([neutral(cell) for cell in header])
    whole = {"period": document["period"], "key": None, "figures": document["figures"]}
    for group in (*document["groups"], whole):
        key = group["key"]
        label = COLUMNS["total"].localized(locale) if key is None else key["name"] or key["id"]
        values = [group["figures"][name]["value"] for name in names]
        writer.writerow(
            [group["period"]["from"], group["period"]["to"], neutral(label), *map(_cell, values), document["asOf"]]
        )
    return (BYTE_ORDER_MARK + buffer.getvalue()).encode()


def _cell(value: float | None) -> str:
    return "" if value is None else str(value)
