"""Tags as one line of text: separated by commas, a tag that has one in it in quotes."""

from __future__ import annotations

import re
from collections.abc import Iterable

SEPARATORS = ",，、;；"
_NEEDS_QUOTES = re.compile(rf'[{SEPARATORS}"]|^\s|\s$')
_TAG = re.compile(rf'\s*(?:"((?:[^"]|"")*)"\s*(?=[{SEPARATORS}]|$)|([^{SEPARATORS}]*))')


def joined(tags: Iterable[str]) -> str:
    """As they stand in the form."""
    return ", ".join(f'"{tag.replace(chr(34), chr(34) * 2)}"' if _NEEDS_QUOTES.search(tag) else tag for tag in tags)


def split(text: str) -> list[str]:
    """The tags of the form, each once. A quote that is not closed is a sign like any other."""
    tags, position = [], 0
    while position <= len(text):
        match = _TAG.match(text, position)
        assert match is not None  # the second way matches everywhere
        quoted, plain = match.groups()
        tags.append(quoted.replace('""', '"') if quoted is not None else plain.strip())
        position = match.end() + 1
    return list(dict.fromkeys(tag for tag in tags if tag))
