"""One cleaning for all text that people send: nothing that can't be seen is stored, and all else as it was typed.

What is dropped has no look of its own: control characters (an ESC turns into colours in a terminal), signs that turn
the order of what follows (U+202E shows cod.exe as exe.doc; contacts copied from a phone come wrapped in U+202A), blanks
without width. Blanks, widths and variation selectors are kept: 葛󠄀城 is how that person writes the name.
"""

import re
import unicodedata
from typing import Final

import regex
from pydantic_core import PydanticCustomError

_LINE_END: Final = re.compile("\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]")
_BLANK_IN_A_LINE: Final = re.compile("[\t\n]+")
_UNSEEN: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"  # controls (Unicode category Cc), but tab and line feed
    "\u00ad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff"  # turns of direction, blanks without width
    "\ufff0-\ufffb\ufffe\uffff\U000e0000-\U000e00ff]"  # interlinear marks, noncharacters, tags
)
_LOOKS_EMPTY: Final = frozenset("\u115f\u1160\u2800\u3164\uffa0")
"""Fillers of Hangul and the empty Braille pattern count as letters and signs, and show nothing."""
_WITHOUT_LOOK: Final = frozenset({"Cc", "Cf", "Cn", "Cs", "Mn", "Me", "Zl", "Zp", "Zs"})
CODE_POINTS_PER_SIGN: Final = 4
"""A visible sign may consist of several code points (か with a voiced mark, a kanji with its selector, a family of
emoji), but not of thousands."""


def one_line(value: str) -> str:
    """For names and titles: line ends and tabs become blanks, none stands at an end; empty if nothing can be seen."""
    cleaned = _UNSEEN.sub("", _BLANK_IN_A_LINE.sub(" ", _LINE_END.sub("\n", value))).strip()
    return cleaned if is_visible(cleaned) else ""


def several_lines(value: str) -> str:
    """For notes: every line end becomes LF, blanks stay; empty if nothing can be seen."""
    cleaned = _UNSEEN.sub("", _LINE_END.sub("\n", value))
    return cleaned if is_visible(cleaned) else ""


def is_visible(value: str) -> bool:
    """Whether anything of the text has a look of its own; blanks have none."""
    return any(char not in _LOOKS_EMPTY and unicodedata.category(char) not in _WITHOUT_LOOK for char in value)


def exceeds(value: str, limit: int) -> bool:
    """Whether a text has more signs than ``limit``, counted as people see them (grapheme clusters, UAX #29)."""
    if len(value) <= limit:
        return False
    if len(value) > CODE_POINTS_PER_SIGN * limit:
        return True
    return len(regex.findall(r"\X", value)) > limit


def too_long(limit: int) -> PydanticCustomError:
    """What a person is told whose text exceeds the limit."""
    return PydanticCustomError(
        "string_too_long", "Value should have at most {max_length} characters", {"max_length": limit}
    )
