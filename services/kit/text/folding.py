"""How searches compare text: whatever Japanese input writes in several ways is one and the same.

``fold`` is computed here for what is looked for, and by the database's ``search_fold`` (see ``sql``) for what is
stored. Both are made from the constants of this file, so a change here needs a migration that recomputes what is
stored.
"""

import re
import unicodedata
from typing import Final

from services.kit.text.variants import VARIANTS

_HIRAGANA: Final = "".join(map(chr, range(0x3041, 0x3097))) + "ゝゞ"
_KATAKANA: Final = "".join(map(chr, range(0x30A1, 0x30F7))) + "ヽヾ"
KATAKANA: Final = dict(zip(_HIRAGANA, _KATAKANA, strict=True))
LARGE_KANA: Final = dict(zip("ァィゥェォッャュョヮヵヶ", "アイウエオツヤユヨワカケ", strict=True))
"""Names in bank transfers have no small kana, and 三ヶ島 is also 三ケ島."""

IGNORED: Final = (
    r"\t\n\u000b\u000c\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000"  # blanks and line ends
    r"\-\u2010-\u2015\u2212\u2500\u2501\ufe58"  # dashes, and the lines of tables typed for them
    r".,()\u3001\u3002\u30fb\uff65"  # dots, commas and brackets
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"  # invisible signs
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\U000e0000-\U000e0fff"  # more of them, with the variation selectors
)
"""The inside of a character class that Python and PostgreSQL read alike: 03-1234-5678 is found as 0312345678."""
LONG_VOWEL_FOR_DASH: Final = "(?<=[0-9])ー+"
"""A long-vowel mark behind a digit is a dash that an input method wrote: ０７５ー６５２."""
REPEATED: Final = "([一-鿿])々"
"""佐々木 is also 佐佐木."""

_IGNORED: Final = re.compile(f"[{IGNORED}]")
_LONG_VOWEL_FOR_DASH: Final = re.compile(LONG_VOWEL_FOR_DASH)
_REPEATED: Final = re.compile(REPEATED)
_SAME: Final = str.maketrans(
    {sign: LARGE_KANA.get(kana, kana) for sign, kana in KATAKANA.items()} | LARGE_KANA | VARIANTS
)
"""Character by character, after NFKC and lower case."""


def fold(value: str) -> str:
    """What of a text counts when it is looked for; empty for blanks and dashes alone."""
    # Character by character, as the database does: "İ" must not become two, nor "Σ" depend on its place in the word.
    lowered = "".join(char.lower()[0] for char in unicodedata.normalize("NFKC", value))
    visible = _LONG_VOWEL_FOR_DASH.sub("", _IGNORED.sub("", lowered))
    return _REPEATED.sub(r"\1\1", visible.translate(_SAME))


def words(value: str) -> list[str]:
    """The folded words of a search; blanks of any width stand between them."""
    return [folded for word in value.split() if (folded := fold(word))]


def grams(term: str) -> list[str]:
    """What an index of ``search_grams`` must hold of a folded term: its pairs of characters, or its only one."""
    if len(term) < 2:
        return [term] if term else []
    return sorted({term[i : i + 2] for i in range(len(term) - 1)})
