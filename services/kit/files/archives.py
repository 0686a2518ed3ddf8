"""Archives, judged by their central directory alone: nothing is ever unpacked.

APPNOTE.TXT of PKWARE, 4.3.12 and 4.3.16. The library of the language would make an object of each of half a million
entries before anybody could count them, so these few fields are read here.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from services.kit.errors import Text
from services.kit.files.names import refusal

ENTRIES_MAX: Final = 5_000
DIRECTORY_BYTES_MAX: Final = 1024 * 1024
UNPACKED_MAX: Final = 512 * 1024 * 1024
"""Bytes that all entries declare together."""
RATIO_MAX: Final = 200
"""Unpacked to packed. Tables of Office documents reach some forty."""
RATIO_COUNTS_FROM: Final = 4 * 1024 * 1024
"""Bytes unpacked: below, a high ratio harms nobody (an empty page of a thousand lines)."""
_END: Final = struct.Struct("<4s4H2LH")
_END_SIGNATURE: Final = b"PK\x05\x06"
_ZIP64_LOCATOR: Final = b"PK\x06\x07"
_COMMENT_MAX: Final = 65_535
_ENTRY: Final = struct.Struct("<4s6H3L5H2L")
_ENTRY_SIGNATURE: Final = b"PK\x01\x02"
_ENCRYPTED: Final = 1
_ARCHIVES: Final = (".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".jar", ".cab", ".iso", ".zst")


@dataclass(frozen=True, slots=True)
class Entry:
    name: str
    packed: int
    unpacked: int
    encrypted: bool


def read_entries(file: BinaryIO, size: int) -> list[Entry]:
    """All entries. Raises Unprocessable: a bomb, an archive within, an entry that leads elsewhere, a damaged file."""
    entries = list(_entries(*_directory(file, size)))
    unpacked = sum(entry.unpacked for entry in entries)
    if unpacked > UNPACKED_MAX or any(map(_swells, entries)) or unpacked > RATIO_MAX * max(size, RATIO_COUNTS_FROM):
        raise _bomb()
    for entry in entries:
        name = entry.name.lower()
        if name.endswith(_ARCHIVES):
            message = Text("ファイルの中に圧縮ファイルが含まれています", "The file has an archive within")
            raise refusal("archive_nested", message)
        if name.startswith("/") or "\\" in name or ":" in name or ".." in name.split("/") or "\0" in name:
            message = Text("ファイルの中に外を指すパスが含まれています", "The file has entries that lead outside of it")
            raise refusal("archive_paths", message)
    return entries


def damaged() -> Exception:
    message = Text("ファイルが壊れているため、内容を確認できません", "The file is damaged: it can't be told what it is")
    return refusal("file_damaged", message)


def _bomb() -> Exception:
    message = Text(
        "展開すると異常に大きくなるファイルです（zip 爆弾の疑い）",
        "Unpacked, the file would be far too large (a zip bomb)",
    )
    return refusal("archive_bomb", message)


def _swells(entry: Entry) -> bool:
    return entry.unpacked > RATIO_COUNTS_FROM and entry.unpacked > RATIO_MAX * max(entry.packed, 1)


def _directory(file: BinaryIO, size: int) -> tuple[bytes, int]:
    """The bytes of the central directory, and how many entries it says it has."""
    start = max(0, size - _END.size - _COMMENT_MAX)
    file.seek(start)
    tail = file.read(_END.size + _COMMENT_MAX)
    at = tail.rfind(_END_SIGNATURE)
    # Two ends are two readings of one file; the long form is for files that are larger than any upload.
    if at < 0 or tail.count(_END_SIGNATURE) > 1 or _ZIP64_LOCATOR in tail or len(tail) - at < _END.size:
        raise damaged()
    _, disk, first_disk, here, entries, length, offset, comment = _END.unpack_from(tail, at)
    if disk or first_disk or here != entries or at + _END.size + comment != len(tail):
        raise damaged()
    if entries > ENTRIES_MAX or length > DIRECTORY_BYTES_MAX:
        raise _bomb()
    if offset + length != start + at:
        raise damaged()
    file.seek(offset)
    return file.read(length), entries


def _entries(directory: bytes, count: int) -> Iterator[Entry]:
    at = 0
    for _ in range(count):
        if len(directory) - at < _ENTRY.size:
            raise damaged()
        fields = _ENTRY.unpack_from(directory, at)
        signature, flags, packed, unpacked = fields[0], fields[3], fields[8], fields[9]
        name_length, extra_length, comment_length = fields[10], fields[11], fields[12]
        if signature != _ENTRY_SIGNATURE:
            raise damaged()
        at += _ENTRY.size
        name = directory[at : at + name_length].decode("utf-8", "replace")
        at += name_length + extra_length + comment_length
        yield Entry(name, packed, unpacked, bool(flags & _ENCRYPTED))
    if at != len(directory):
        raise damaged()
