"""What a file may be: told by its content, refused with a code that says what is wrong."""

import io
from collections.abc import Callable

import olefile
import pytest

from services.kit.errors import Unprocessable
from services.kit.files.kinds import KINDS, examine
from tests.support import files
from tests.support.files import archive, office


def code_of(name: str, content: bytes) -> str:
    with pytest.raises(Unprocessable) as refused:
        examine(io.BytesIO(content), len(content), name)
    [error] = refused.value.errors
    assert error.pointer == "/file"
    return error.code


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("見積書.pdf", files.PDF),
        ("図.PNG", files.png()),
        ("a.jpg", files.JPEG),
        ("a.jpeg", files.JPEG),
        ("a.gif", files.GIF),
        ("a.webp", files.WEBP),
        ("稟議.docx", office("word/document")),
        ("表.xlsx", office("xl/workbook")),
        ("資料.pptx", office("ppt/presentation")),
        ("メモ.txt", "手数料の減額".encode()),
        ("メモ.txt", "手数料の減額".encode("utf-8-sig")),
        ("顧客.csv", "氏名,電話\r\n髙橋 﨑,03".encode("cp932")),
    ],
)
def test_what_is_on_the_list_is_told_by_its_content(name: str, content: bytes) -> None:
    kind = examine(io.BytesIO(content), len(content), name)
    assert name.rpartition(".")[2].lower() in kind.extensions


def test_pages_of_a_browser_and_programs_are_on_no_list() -> None:
    for name in ("a.html", "a.svg", "a.exe", "a.zip", "a.docm", "a.xlsm", "a.js", "a"):
        assert code_of(name, files.PDF) == "type_not_allowed"
    for content in (b"<!DOCTYPE html><p>", b"\xef\xbb\xbf \n<svg xmlns='x'>", b"<?xml version='1.0'?>"):
        assert code_of("a.txt", content) == "type_not_allowed"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("a.pdf", files.png()),
        ("a.png", files.PDF),
        ("a.docx", office("xl/workbook")),
        ("a.docx", archive({"word/document.xml": b"no list of types"})),
        ("a.xlsx", archive({files.CONTENT_TYPES: b"", "xl/workbook.bin": b"binary workbook"})),
        ("a.pdf", b"MZ\x90\0 a program"),
        ("a.txt", files.PDF),
        ("a.jpg", b"plain text"),
    ],
)
def test_a_name_that_says_something_else_is_refused(name: str, content: bytes) -> None:
    assert code_of(name, content) == "type_mismatch"


def test_macros_are_refused_in_new_and_old_files() -> None:
    assert code_of("a.docx", office("word/document", **{"word/vbaProject.bin": b"x"})) == "type_macros"
    assert code_of("a.xlsx", office("xl/workbook", **{"xl/macrosheets/sheet1.xml": b"x"})) == "type_macros"


class _Ole:
    """A compound file with these streams, as the library that reads them sees it."""

    def __init__(self, *streams: str) -> None:
        self._streams = [name.split("/") for name in streams]

    def __enter__(self) -> "_Ole":
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def listdir(self, *, streams: bool, storages: bool) -> list[list[str]]:
        assert streams
        assert storages
        return self._streams


@pytest.fixture
def ole(monkeypatch: pytest.MonkeyPatch) -> Callable[..., bytes]:
    def make(*streams: str) -> bytes:
        monkeypatch.setattr(olefile, "OleFileIO", lambda _file: _Ole(*streams))
        return olefile.MAGIC + bytes(512)

    return make


def test_old_office_files_are_told_by_their_streams(ole: Callable[..., bytes]) -> None:
    for name, stream in (("a.doc", "WordDocument"), ("a.xls", "Workbook"), ("a.xls", "Book")):
        content = ole(stream, "\x05SummaryInformation")
        assert examine(io.BytesIO(content), len(content), name).extensions == (name[2:],)
    content = ole("PowerPoint Document", "Current User")
    assert examine(io.BytesIO(content), len(content), "a.ppt").name == "PowerPoint 97-2003"
    assert code_of("a.doc", ole("Workbook")) == "type_mismatch"
    assert code_of("a.doc", ole("WordDocument", "Macros", "Macros/VBA")) == "type_macros"
    assert code_of("a.xls", ole("Workbook", "_VBA_PROJECT_CUR")) == "type_macros"
    assert code_of("a.doc", ole("EncryptedPackage", "EncryptionInfo")) == "type_encrypted"


def test_a_damaged_old_file_is_refused() -> None:
    assert code_of("a.doc", olefile.MAGIC + b"\xff" * 600) == "file_damaged"


def test_bombs_are_refused_without_unpacking() -> None:
    assert code_of("a.docx", files.bomb()) == "archive_bomb"
    many = archive({f"word/{n}.xml": b"" for n in range(5_001)})
    assert code_of("a.docx", many) == "archive_bomb"


def test_archives_within_and_entries_that_lead_elsewhere_are_refused() -> None:
    assert code_of("a.docx", office("word/document", **{"word/embeddings/a.zip": b"PK"})) == "archive_nested"
    for path in ("../../etc/passwd", "/etc/passwd", "word/../../x", "C:x"):
        assert code_of("a.docx", office("word/document", **{path: b"x"})) == "archive_paths"


def test_an_archive_that_two_programs_would_read_differently_is_damaged() -> None:
    whole = office("word/document")
    for content in (whole[:-1], whole + b"more", whole[:40], b"PK\x03\x04", whole + whole[-22:]):
        assert code_of("a.docx", content) == "file_damaged"


def test_texts_are_utf8_or_shift_jis_without_nul() -> None:
    assert code_of("a.txt", b"a\0b") == "text_nul"
    assert code_of("a.txt", b"\xff\xfe\xfd") == "text_encoding"
    assert code_of("a.csv", "手".encode() + b"\xff") == "text_encoding"
    assert code_of("a.txt", "氏名".encode("euc-jp") + b"\x8f\xa1\xff") == "text_encoding"


def test_only_pictures_and_pdf_may_be_shown_in_place() -> None:
    inline = {kind.media_type for kind in KINDS if kind.inline}
    assert inline == {"application/pdf", "image/png", "image/jpeg", "image/gif", "image/webp"}
