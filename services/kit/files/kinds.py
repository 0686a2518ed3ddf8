"""What a file is, told by its content; its name only has to agree."""

import codecs
import re
from dataclasses import dataclass
from typing import BinaryIO, Final

import olefile
import puremagic

from services.kit.errors import Text
from services.kit.files.archives import damaged, read_entries
from services.kit.files.names import extension, refusal
from services.kit.files.storage import CHUNK_BYTES

_OFFICE: Final = "application/vnd.openxmlformats-officedocument"


@dataclass(frozen=True, slots=True)
class Kind:
    name: str
    """As people call it, in both languages."""
    media_type: str
    extensions: tuple[str, ...]
    inline: bool = False
    """May be shown by a browser instead of saved: nothing in it runs in the page's name."""


PDF: Final = Kind("PDF", "application/pdf", ("pdf",), inline=True)
PNG: Final = Kind("PNG", "image/png", ("png",), inline=True)
JPEG: Final = Kind("JPEG", "image/jpeg", ("jpg", "jpeg", "jpe", "jfif"), inline=True)
GIF: Final = Kind("GIF", "image/gif", ("gif",), inline=True)
WEBP: Final = Kind("WebP", "image/webp", ("webp",), inline=True)
DOCX: Final = Kind("Word", f"{_OFFICE}.wordprocessingml.document", ("docx",))
XLSX: Final = Kind("Excel", f"{_OFFICE}.spreadsheetml.sheet", ("xlsx",))
PPTX: Final = Kind("PowerPoint", f"{_OFFICE}.presentationml.presentation", ("pptx",))
DOC: Final = Kind("Word 97-2003", "application/msword", ("doc",))
XLS: Final = Kind("Excel 97-2003", "application/vnd.ms-excel", ("xls",))
PPT: Final = Kind("PowerPoint 97-2003", "application/vnd.ms-powerpoint", ("ppt",))
TEXT: Final = Kind("Text", "text/plain", ("txt",))
CSV: Final = Kind("CSV", "text/csv", ("csv",))

KINDS: Final = (PDF, DOCX, XLSX, PPTX, DOC, XLS, PPT, PNG, JPEG, GIF, WEBP, TEXT, CSV)
BY_EXTENSION: Final = {ending: kind for kind in KINDS for ending in kind.extensions}
BY_MEDIA_TYPE: Final = {kind.media_type: kind for kind in KINDS}
_BY_SIGNATURE: Final = {kind.media_type: kind for kind in (PDF, PNG, JPEG, GIF, WEBP)}
_TEXTS: Final = (TEXT, CSV)
_HEAD_BYTES: Final = 4096
_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_MARKUP: Final = (b"<!doctype", b"<html", b"<svg", b"<?xml", b"<script", b"<!--", b"<body", b"<head")
"""What a browser could take for a page, whatever the name says."""
_ENCODINGS: Final = ("utf-8", "cp932")
"""Shift_JIS as Windows writes it."""
_NO_SHIFT_JIS: Final = re.compile("[\x80\uf8f0-\uf8f3]")
"""What the codec makes of bytes that mean nothing in Shift_JIS (80, A0, FD, FE, FF)."""


def examine(file: BinaryIO, size: int, name: str) -> Kind:
    """What the file is. Raises Unprocessable: not on the list, not what its name says, with macros, a bomb, damaged."""
    named = BY_EXTENSION.get(extension(name))
    if named is None:
        raise _not_allowed()
    file.seek(0)
    head = file.read(_HEAD_BYTES)
    found = _found(file, size, head)
    if found is None and named in _TEXTS:
        _check_text(file, head)
        return named
    if found is None:
        raise _mismatch(None, name)
    if found is not named:
        raise _mismatch(found, name)
    return found


def _found(file: BinaryIO, size: int, head: bytes) -> Kind | None:
    """By signature; None for what has none of those known here, as texts have not."""
    if head.startswith(_ZIP):
        return _office(file, size)
    if head.startswith(_OLE):
        return _old_office(file)
    try:
        matches = puremagic.magic_string(head)
    except puremagic.PureError:
        return None
    return next((_BY_SIGNATURE[m.mime_type] for m in matches if m.mime_type in _BY_SIGNATURE), None)


def _office(file: BinaryIO, size: int) -> Kind | None:
    entries = read_entries(file, size)
    if any(entry.encrypted for entry in entries):
        raise _encrypted()
    names = {entry.name.lower() for entry in entries}
    if any(name.endswith("vbaproject.bin") or name.startswith("xl/macrosheets/") for name in names):
        raise _macros()
    if "[content_types].xml" not in names:
        return None
    # A binary workbook (xlsb) has its main part under another name, and is on no list.
    found = [
        kind
        for part, kind in (("word/", DOCX), ("xl/", XLSX), ("ppt/", PPTX))
        if any(name.startswith(part) and name.endswith(".xml") and name.count("/") == 1 for name in names)
    ]
    return found[0] if len(found) == 1 else None


def _old_office(file: BinaryIO) -> Kind | None:
    """OLE compound files ([MS-CFB]): told by the streams in them."""
    file.seek(0)
    try:
        with olefile.OleFileIO(file) as ole:
            parts = [[part.lower() for part in path] for path in ole.listdir(streams=True, storages=True)]
    except Exception as error:  # the library meets a damaged file with errors of many kinds
        raise damaged() from error
    top = {path[0] for path in parts}
    if "encryptedpackage" in top:
        raise _encrypted()
    if any(part in ("macros", "vba", "_vba_project", "_vba_project_cur") for path in parts for part in path):
        raise _macros()
    for stream, kind in (("worddocument", DOC), ("workbook", XLS), ("book", XLS), ("powerpoint document", PPT)):
        if stream in top:
            return kind
    return None


def _check_text(file: BinaryIO, head: bytes) -> None:
    """UTF-8 or Shift_JIS, without NUL, and no page of a browser."""
    start = head.removeprefix(codecs.BOM_UTF8).lstrip().lower()
    if start.startswith(_MARKUP):
        raise _not_allowed()
    possible = {name: codecs.getincrementaldecoder(name)() for name in _ENCODINGS}
    file.seek(0)
    while True:
        chunk = file.read(CHUNK_BYTES)
        if b"\0" in chunk:
            raise refusal("text_nul", Text("テキストではないデータが含まれています", "The file holds what is no text"))
        for name in list(possible):
            try:
                decoded = possible[name].decode(chunk, final=not chunk)
            except UnicodeDecodeError:
                del possible[name]
            else:
                if name == "cp932" and _NO_SHIFT_JIS.search(decoded):
                    del possible[name]
        if not possible:
            message = Text(
                "テキストの文字コードは UTF-8 か Shift_JIS にしてください", "Save the text as UTF-8 or as Shift_JIS"
            )
            raise refusal("text_encoding", message)
        if not chunk:
            return


def _not_allowed() -> Exception:
    message = Text(
        "添付できるのは PDF、Office（マクロなし）、画像（PNG、JPEG、GIF、WebP）、テキスト、CSV です",
        "Files can be PDF, Office without macros, pictures (PNG, JPEG, GIF, WebP), text and CSV",
    )
    return refusal("type_not_allowed", message)


def _mismatch(found: Kind | None, name: str) -> Exception:
    ending = extension(name)
    if found is None:
        message = Text(f"内容が「.{ending}」のファイルではありません", f"The content is not that of a .{ending} file")
    else:
        message = Text(
            f"内容は {found.name} ですが、名前は「.{ending}」です",
            f"The content is {found.name}, the name says .{ending}",
        )
    return refusal("type_mismatch", message)


def _macros() -> Exception:
    message = Text(
        "マクロを含むファイルは添付できません。マクロなしで保存し直してください",
        "Files with macros are not accepted. Save it without them",
    )
    return refusal("type_macros", message)


def _encrypted() -> Exception:
    message = Text(
        "パスワード付きのファイルは内容を確認できないため、添付できません",
        "What is locked by a password can't be checked, so it is not accepted",
    )
    return refusal("type_encrypted", message)
