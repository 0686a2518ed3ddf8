"""Names are shown and offered again; what could mislead a person or a program is refused with its reason."""

import pytest

from services.kit.errors import Unprocessable
from services.kit.files.names import NAME_MAX, cleaned


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("../a.pdf", "name_path"),
        ("..\\a.pdf", "name_path"),
        ("a/b.pdf", "name_path"),
        ("C:\\fakepath\\a.pdf", "name_path"),
        ("..pdf", "name_path"),
        ("a\0.pdf", "name_control"),
        ("a\r\nb.pdf", "name_control"),
        ("a\x1b[31m.pdf", "name_control"),
        ("fdp.\u202eexe.pdf", "name_direction"),
        ("a\u2066.pdf", "name_direction"),
        ("CON.pdf", "name_reserved"),
        ("lpt1.tar.pdf", "name_reserved"),
        ("a" * NAME_MAX + ".pdf", "name_too_long"),
        ("", "name_missing"),
        (".pdf", "name_missing"),
        ("pdf", "name_missing"),
        ("\u3164.pdf", "name_missing"),
    ],
)
def test_a_name_that_misleads_is_refused(name: str, code: str) -> None:
    with pytest.raises(Unprocessable) as refused:
        cleaned(name)
    assert [error.code for error in refused.value.errors] == [code]


@pytest.mark.parametrize("name", ["見積書（山田様）v1.2.pdf", "葛󠄀城.pdf", "Console.pdf", "か\u3099.csv", 'a "b".pdf'])
def test_a_name_is_kept_as_it_was_typed(name: str) -> None:
    assert cleaned(name) == name


def test_what_cannot_be_seen_is_dropped() -> None:
    assert cleaned(" 見積\u200b書.pdf ") == "見積書.pdf"
