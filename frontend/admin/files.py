"""Files of the API under headings in words: lines, byte order mark and the escaping of formulas stay as they came."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

from starlette.responses import Response

from frontend.ui.page import Page

BYTE_ORDER_MARK = "\ufeff"


async def passed_on(page: Page, path: str, columns: Mapping[str, str]) -> Response:
    """The file at `path` of the API, for the browser to keep."""
    answer, content = await page.gateway.download(path)
    headers = {
        "Content-Disposition": answer.headers.get("Content-Disposition", "attachment"),
        "Cache-Control": "no-store",
    }
    return Response(in_words(content, columns), headers=headers, media_type="text/csv")


def in_words(content: bytes, columns: Mapping[str, str]) -> bytes:
    """A column that a later version of the API has keeps its name."""
    head, _, lines = content.decode("utf-8-sig").partition("\r\n")
    (names,) = csv.reader([head])
    buffer = io.StringIO()
    csv.writer(buffer).writerow([columns.get(name, name) for name in names])
    return (BYTE_ORDER_MARK + buffer.getvalue() + lines).encode()
