"""CSV that spreadsheets read: UTF-8 with a byte order mark, and no live formulas."""

import csv
import io
from collections.abc import Iterable
from typing import Final

BYTE_ORDER_MARK: Final = "\ufeff"
"""By it spreadsheets know that the file is UTF-8."""
CSV_TYPE: Final = "text/csv; charset=utf-8"
_FORMULA_STARTS: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
"""OWASP, "CSV Injection": a cell that starts with one of these is a formula to a spreadsheet; to one that takes
double-byte input, the full-width forms are as well."""


def neutral(text: str) -> str:
    """The text as a spreadsheet shows it, never as one that it evaluates."""
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text


def csv_line(cells: Iterable[object]) -> str:
    """One line; None is empty, and every text is neutral."""
    buffer = io.StringIO()
    csv.writer(buffer).writerow(["" if cell is None else neutral(str(cell)) for cell in cells])
    return buffer.getvalue()
