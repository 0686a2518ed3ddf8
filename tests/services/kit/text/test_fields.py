"""Nothing invisible is stored, limits count what people see, and all else stays as it was typed."""

import time
from typing import Annotated

import pytest
from pydantic import ValidationError

from services.kit.models import CamelModel
from services.kit.text.fields import Email, Line, Lines


class Form(CamelModel):
    name: Annotated[str, Line(10)] = "—"
    place: Annotated[str, Line(10, minimum=0)] | None = None
    notes: Annotated[str, Lines(10)] | None = None
    comment: Annotated[str, Lines(10, minimum=1, trimmed=True)] = "—"
    email: Email | None = None


def _error(**values: object) -> str:
    with pytest.raises(ValidationError) as refused:
        Form.model_validate(values)
    (error,) = refused.value.errors()
    return error["type"]


@pytest.mark.parametrize(
    "nothing",
    [
        "",
        " ",
        "　",
        "\u200b",
        "\ufeff",
        "\u3164",
        "\u2800",
        "\ufe0f",
        "\U000e0100",
        "\u202e",
        "\n\r\n",
        "\x1b",
        "\u00ad",
        "\u3099",
    ],
)
def test_what_nobody_can_see_is_no_name_and_no_comment(nothing: str) -> None:
    assert _error(name=nothing) == "string_too_short"
    assert _error(comment=nothing) == "string_too_short"
    assert Form(place=nothing, notes=nothing).model_dump(include={"place", "notes"}) == {"place": "", "notes": ""}


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        (" 山田　太郎 \n", "山田　太郎"),
        ("山田\r\n太郎", "山田 太郎"),
        ("a\tb", "a b"),
        ("a\u2028b", "a b"),
        ("\x1b[31m赤\x1b[0m", "[31m赤[0m"),
        ("cod\u202eexe.c", "codexe.c"),
        ("\u202a山田\u202c", "山田"),
        ("\ufeff林", "林"),
        ("葛\U000e0100城", "葛\U000e0100城"),
        ("神", "神"),
        ("か\u3099", "か\u3099"),
        ("👨\u200d👩\u200d👧", "👨\u200d👩\u200d👧"),
        ("Ａ－ｶﾅ", "Ａ－ｶﾅ"),
    ],
)
def test_a_line_is_one_line_and_otherwise_as_typed(typed: str, stored: str) -> None:
    assert Form(name=typed).name == stored
    assert Form(name=stored).name == stored


def test_notes_keep_their_blanks_and_have_one_kind_of_line_end() -> None:
    assert Form(notes="  a\t\r\n\r b\n ").notes == "  a\t\n\n b\n "
    assert Form(notes="a\x1b\u202eb").notes == "ab"
    assert Form(comment="\r\n a\r\nb \n").comment == "a\nb"


@pytest.mark.parametrize(
    "full",
    ["林" * 10, "𠮷" * 10, "か\u3099" * 10, "葛\U000e0100" * 10, "🇯🇵" * 10, " " + "a" * 10 + "\n"],
)
def test_limits_count_what_is_seen(full: str) -> None:
    assert Form(name=full).name == full.strip()
    assert _error(name=full.strip() + "x") == "string_too_long"


def test_line_ends_of_browsers_count_once() -> None:
    assert Form(notes="a\r\n" * 5).notes == "a\n" * 5
    assert _error(notes="a\r\n" * 5 + "b") == "string_too_long"


def test_a_sign_of_a_thousand_marks_is_too_long_and_costs_little() -> None:
    assert _error(name="a" + "\u0301" * 1000) == "string_too_long"
    start = time.process_time()
    for sign in ("\u0301", "\u200d", "🇯", "\r", "\x1b", " ", "々", "@", "."):
        long = "a" + sign * 100_000 + "a"
        with pytest.raises(ValidationError):
            Form.model_validate({"name": long, "comment": long, "email": long})
    # A second or so, several times that while coverage counts; a quadratic pattern takes minutes.
    assert time.process_time() - start < 20


@pytest.mark.parametrize(
    ("typed", "stored"),
    [
        ("taro＠example.jp", "taro@example.jp"),
        ("ｔａｒｏ＠ｅｘａｍｐｌｅ．ｊｐ", "taro@example.jp"),
        (" Taro.Yamada+x@EXAMPLE.co.jp\n", "Taro.Yamada+x@example.co.jp"),
        ("taro@example。jp", "taro@example.jp"),
        ("taro@corp.local", "taro@corp.local"),
        ("taro..yamada.@docomo.ne.jp", "taro..yamada.@docomo.ne.jp"),
        ("\u200btaro@example.jp\u200b", "taro@example.jp"),
        ("taro@日本.jp", "taro@日本.jp"),
    ],
)
def test_addresses_are_taken_as_input_methods_write_them(typed: str, stored: str) -> None:
    assert Form(email=typed).email == stored


@pytest.mark.parametrize(
    "wrong",
    [
        *(
            "",
            "taro",
            "@example.jp",
            "taro@",
            "ta＠ro@example.jp",
            "ta@ro@example.jp",
            "taro@example",
            "a b@example.jp",
        ),
        *("taro@example..jp", "taro@-example.jp", ".taro@example.jp", "taro..yamada@example.jp", "taro@[127.0.0.1]"),
        *(
            '"a b"@example.jp',
            "taro@exam_ple.jp",
            "..@docomo.ne.jp",
            "a" * 65 + "@example.jp",
            "a@" + "b." * 100 + "-.jp",
        ),
        *("Taro <taro@example.jp>", "taro@example.jp,b@example.jp"),
    ],
)
def test_what_is_no_address_is_refused(wrong: str) -> None:
    assert _error(email=wrong) == "email_format"


def test_the_document_states_the_limits() -> None:
    properties = Form.model_json_schema()["properties"]
    assert (properties["name"]["minLength"], properties["name"]["maxLength"]) == (1, 40)
    assert properties["name"]["description"] == "At most 10 characters as people count them."
    assert properties["email"]["anyOf"][0] == {"type": "string", "format": "email", "maxLength": 254}


@pytest.mark.parametrize(
    ("field", "value", "limit"),
    [("name", "a" + "\u200b" * 40, 10), ("email", "a@example.jp".ljust(255), 254)],
)
def test_more_than_the_document_allows_is_refused_though_most_of_it_would_be_dropped(
    field: str, value: str, limit: int
) -> None:
    assert len(value) > Form.model_json_schema()["properties"].get(field, {}).get("maxLength", limit)
    assert _error(**{field: value}) == "string_too_long"
