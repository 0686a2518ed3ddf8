"""A report's CSV in the person's words. The API names columns by stable keys; people read headings.

Lines, byte order mark and the escaping of formulas stay as the API writes them: only the head and the place of the name
in lines that stand for everybody are filled in here.
"""

from __future__ import annotations

import csv
import io
from typing import Final

from frontend.analytics import words
from frontend.analytics.boards import BOARDS
from frontend.ui.i18n import gettext, pgettext

BYTE_ORDER_MARK: Final = "\ufeff"
"""By it spreadsheets know that the file is UTF-8."""
KEY: Final = "key"
_STAGES: Final = frozenset(name for board in BOARDS.values() for name in board.funnel)


def in_words(content: bytes) -> bytes:
    """The same file with headings in the language of the running request, and its whole called so."""
    head, *lines = csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""))
    buffer = io.StringIO()
    writer = csv.writer(buffer)
    writer.writerow([heading(name) for name in head])
    place = head.index(KEY)
    for line in lines:
        writer.writerow([*line[:place], line[place] or gettext("Total"), *line[place + 1 :]])
    return (BYTE_ORDER_MARK + buffer.getvalue()).encode()


def heading(name: str) -> str:
    """What a column is called; the name itself where a later version of the API has one that is unknown here."""
    if name in _columns():
        return _columns()[name]
    figure, _, unit = name.partition(".")
    text = words.figure_text(figure)
    if figure in _STAGES:
        text = gettext("Funnel: %(stage)s") % {"stage": text}
    if figure.endswith("Seconds"):
        unit = pgettext("unit", "s")
    return gettext("%(figure)s (%(unit)s)") % {"figure": text, "unit": unit} if unit else text


def _columns() -> dict[str, str]:
    return {
        "from": pgettext("period", "From"),
        "to": pgettext("period", "To (exclusive)"),
        KEY: gettext("Rep or team"),
        "asOf": gettext("As of"),
    }
