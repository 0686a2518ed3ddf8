"""Names of files that people send: shown and offered again, never used as a path."""

import re
from typing import Final

from services.kit.errors import Text, Unprocessable
from services.kit.text.cleaning import exceeds, is_visible, one_line

NAME_MAX: Final = 150
"""Signs as people count them."""
_TURNS: Final = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""What turns the order of signs: with U+202E, ``cod.exe`` reads ``exe.doc``."""
_CONTROLS: Final = re.compile("[\x00-\x1f\x7f-\x9f]")
_RESERVED: Final = re.compile(r"(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(\..*)?", re.IGNORECASE)
"""Windows, "Naming Files, Paths, and Namespaces": devices, whatever extension follows."""


def cleaned(name: str) -> str:
    """The name as it is kept. Raises Unprocessable with a code that says what is wrong with it."""
    if "\0" in name or _CONTROLS.search(name):
        raise refusal("name_control", Text("ファイル名に制御文字が含まれています", "The name holds control characters"))
    if _TURNS.search(name):
        message = Text(
            "ファイル名に文字の並びを逆にする制御文字が含まれています",
            "The name holds signs that turn the order of its letters",
        )
        raise refusal("name_direction", message)
    if "/" in name or "\\" in name or ".." in name:
        message = Text(
            "ファイル名に「/」「\\」「..」は使えません", 'A name holds no "/" and no "\\", nor two dots in a row'
        )
        raise refusal("name_path", message)
    if len(name) > 4 * NAME_MAX or exceeds(name, NAME_MAX):
        message = Text(f"ファイル名は {NAME_MAX} 文字までです", f"A name has at most {NAME_MAX} characters")
        raise refusal("name_too_long", message)
    kept = one_line(name)
    stem = kept.rpartition(".")[0]
    if not is_visible(stem.replace(".", "")):
        raise refusal("name_missing", Text("ファイル名がありません", "The file has no name"))
    if _RESERVED.fullmatch(kept):
        message = Text("この名前は Windows で予約されています", "Windows keeps this name for itself")
        raise refusal("name_reserved", message)
    return kept


def extension(name: str) -> str:
    """In lower case, without its dot."""
    return name.rpartition(".")[2].lower()


def refusal(code: str, message: Text) -> Unprocessable:
    """What is wrong with the file of an upload."""
    return Unprocessable.field("/file", code, message)
