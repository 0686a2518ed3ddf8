"""What is written in several ways in Japan is found whichever way it was typed, and the database folds alike."""

from collections.abc import Iterator
from itertools import pairwise

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.kit.text.folding import KATAKANA, LARGE_KANA, fold, grams, words
from services.kit.text.sql import SEARCH_FUNCTIONS, SEARCH_FUNCTIONS_DROP, recompute
from services.kit.text.variants import VARIANTS
from tests.support.postgres import PostgresServer


@pytest.fixture(scope="module")
def database(postgres: PostgresServer) -> Iterator[psycopg.Connection]:
    url = postgres.empty_database("folding")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(SEARCH_FUNCTIONS)
        yield connection
    postgres.drop(url)


@pytest.mark.parametrize(
    ("stored", "looked_for"),
    [
        ("髙﨑", "高崎"),
        ("濵田", "浜田"),
        ("濱田", "濵田"),
        ("渡邉", "渡辺"),
        ("渡邊", "渡邉"),
        ("𠮷田", "吉田"),
        ("齋藤", "斉藤"),
        ("廣澤", "広沢"),
        ("神田", "神田"),
        ("⻄村", "西村"),
        ("葛\U000e0100城", "葛城"),
        ("辻\ufe00本", "辻本"),
        ("佐々木", "佐佐木"),
        ("三ヶ島", "三ケ島"),
        ("ﾔﾏﾀﾞ ﾀﾛｳ", "やまだたろう"),
        ("か\u3099", "ガ"),
        ("ショウジ", "シヨウジ"),
        ("０７５ー６５２ー１５３５", "0756521535"),
        ("075−652‐1535", "０７５－６５２－１５３５"),
        ("075ー6", "075ー"),
        ("\u202a090-1234-5678\u202c", "09012345678"),
        ("山\u200b田", "山田"),
        ("山\u3164田", "山田"),
        ("山田　太郎", "山田 太郎"),
        ("㈱山田", "(株)山田"),
        ("コーヒー3", "ｺｰﾋｰ３"),
        ("ＡＢＣ", "abc"),
    ],
)
def test_either_way_of_writing_finds_the_other(stored: str, looked_for: str) -> None:
    assert fold(looked_for) in fold(stored)
    assert fold(looked_for)


@pytest.mark.parametrize(
    ("one", "other"), [("コヒ", "コーヒー"), ("山", "川"), ("浜", "頻"), ("ハ", "バ"), ("1-", "2-")]
)
def test_what_differs_stays_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


def test_a_folded_text_is_its_own_folding() -> None:
    for variant, standard in VARIANTS.items():
        assert fold(variant) == fold(standard), variant
        assert standard not in VARIANTS, "a chain would depend on how often one folds"
    for kana in (*KATAKANA, *LARGE_KANA):
        assert fold(fold(kana)) == fold(kana)


def test_the_database_folds_every_sign_alike(database: psycopg.Connection) -> None:
    """Signs that either side treats in a way of its own: Latin to kana, presentation forms, selectors, all variants."""
    ranges = [(0x20, 0x3400), (0xF900, 0x10000), (0x1F100, 0x1F300), (0xE0000, 0xE0200)]
    signs = [chr(code) for low, high in ranges for code in range(low, high)] + list(VARIANTS)
    rows = database.execute("SELECT sign, search_fold(sign) FROM unnest(%s::text[]) AS sign", [signs]).fetchall()
    assert len(rows) == len(signs)
    assert [row for row in rows if fold(row[0]) != row[1]] == []


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    value=st.text(
        st.one_of(
            st.sampled_from("々ー09０-−‐　 \t\n山佐髙﨑ゝヾｶﾞ\u3099\ufe00\U000e0100\u200b\u202eİΣß"),
            st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cn"]),
        ),
        max_size=30,
    )
)
def test_the_database_folds_any_text_alike(database: psycopg.Connection, value: str) -> None:
    row = database.execute(
        "SELECT search_fold(%s::text), search_grams(search_fold(%s::text))", [value, value]
    ).fetchone()
    folded = fold(value)
    assert row is not None
    assert row[0] == folded
    assert set(row[1]) == {*folded, *("".join(pair) for pair in pairwise(folded))}
    assert set(grams(folded)) <= set(row[1])


def test_words_stand_between_blanks_of_any_width() -> None:
    assert words("山田　太郎\tabc - ") == ["山田", "太郎", "abc"]
    assert words(" 　-") == []
    assert grams("林") == ["林"]
    assert grams("") == []


def test_a_column_is_recomputed_when_the_folding_changes(postgres: PostgresServer) -> None:
    url = postgres.empty_database("refolding")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "CREATE FUNCTION search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE RETURN upper(value);"
            "CREATE TABLE people (name text, folded text GENERATED ALWAYS AS (search_fold(name)) STORED);"
            "INSERT INTO people VALUES ('髙﨑')"
        )
        connection.execute(SEARCH_FUNCTIONS + recompute("people", "folded", "search_fold(name)"))
        assert connection.execute("SELECT folded FROM people").fetchall() == [("高崎",)]
        connection.execute("DROP TABLE people;" + SEARCH_FUNCTIONS_DROP)
    postgres.drop(url)
