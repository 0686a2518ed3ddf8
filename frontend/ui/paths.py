"""Which addresses are read, and passed on, at all. The gateway keeps the same rule for its own (`api.paths`)."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import unquote_to_bytes

_PLAIN_PATH = re.compile(rb"/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")
_ODD_ENCODING = re.compile(rb"%(?![0-9a-f]{2})|%([01][0-9a-f]|2e|2f|5c|7f|25)", re.IGNORECASE)
"""Dots, slashes, per cents and control characters, and what is no encoding."""
PLAIN_PATTERN: Final = r"^(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)+$"
"""Paths that manifests may name: segments of plain characters, none of which begins with a dot."""


def is_plain(path: bytes) -> bool:
    """Whether every reader understands this raw path alike: no dot segments, encoded slashes, empty or odd parts."""
    if _PLAIN_PATH.fullmatch(path) is None or _ODD_ENCODING.search(path) is not None or not _is_utf8(path):
        return False
    # Some readers take what follows a semicolon for a parameter of the segment.
    segments = [segment.partition(b";")[0] for segment in path.split(b"/")]
    return not (b"." in segments or b".." in segments or b"" in segments[1:-1])


def _is_utf8(path: bytes) -> bool:
    try:
        unquote_to_bytes(path).decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
