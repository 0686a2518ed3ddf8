"""Differences of two texts: exact, readable, and never more work than is bearable."""

import itertools
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.kit.text.differences import MAX_CELLS, Edit, Piece, pieces


def _side(found: list[Piece], without: Edit) -> str:
    return "".join(piece.text for piece in found if piece.edit is not without)


@given(st.text(alphabet="aあ亜カ1. \n", max_size=60), st.text(alphabet="aあ亜カ1. \n", max_size=60))
def test_the_pieces_make_up_both_texts_and_neighbours_are_of_different_sorts(old: str, new: str) -> None:
    found = pieces(old, new)
    assert (_side(found, Edit.ADDED), _side(found, Edit.REMOVED)) == (old, new)
    assert all(one.edit is not other.edit for one, other in itertools.pairwise(found))
    assert all(piece.text for piece in found)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("手数料率 1.65% とする", "手数料率 1.10% とする", "手数料率 [-1.65%][+1.10%] とする"),
        ("一行目\n二行目\n", "一行目\n追記\n二行目\n", "一行目\n[+追記\n]二行目\n"),
        ("ファンドを提案", "債券を提案", "[-ファンド][+債券]を提案"),
        ("", "はじめて", "[+はじめて]"),
        ("同じ", "同じ", "同じ"),
    ],
)
def test_words_are_told_apart_without_blanks_between_them(old: str, new: str, told: str) -> None:
    signs = {Edit.SAME: "{}", Edit.REMOVED: "[-{}]", Edit.ADDED: "[+{}]"}
    assert "".join(signs[piece.edit].format(piece.text) for piece in pieces(old, new)) == told


@pytest.mark.parametrize(("one", "other"), [("あ", "い"), ("\n", "い\n"), ("a ", "b ")])
def test_texts_that_share_nothing_are_replaced_whole(one: str, other: str) -> None:
    old, new = one * 10_000, other * 10_000
    before = time.process_time()
    found = pieces(old, new)
    assert time.process_time() - before < 5
    assert (_side(found, Edit.ADDED), _side(found, Edit.REMOVED)) == (old, new)
    assert len(old) * len(new) > MAX_CELLS
