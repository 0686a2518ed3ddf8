"""Where two texts differ, in pieces that a person can read. Pure, and bounded whatever the texts are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby
from typing import Final

import regex


class Edit(StrEnum):
    SAME = "SAME"
    REMOVED = "REMOVED"
    ADDED = "ADDED"


@dataclass(frozen=True, slots=True)
class Piece:
    """``SAME`` and ``REMOVED`` pieces make up the old text, ``SAME`` and ``ADDED`` ones the new one."""

    edit: Edit
    text: str


MAX_CELLS: Final = 100_000
"""Of the table in which common parts are looked for: about 30 ms. What would need a larger one counts as replaced."""
_WORD: Final = regex.compile(r"[\p{Latin}\p{N}.,%]+|[\p{Katakana}ー]+|\p{Hiragana}+|\p{Han}+|\X")
"""Japanese has no blanks between words; a change of script is the nearest to one."""
_Step = tuple[Edit, str]


def pieces(old: str, new: str) -> list[Piece]:
    """Line by line, and word by word within the lines that differ while that is not too much."""
    lines = list(_steps(old.splitlines(keepends=True), new.splitlines(keepends=True)))
    blocks = [(same, list(block)) for same, block in groupby(lines, lambda step: step[0] is Edit.SAME)]
    pairs = {
        position: (_WORD.findall(_text(block, Edit.REMOVED)), _WORD.findall(_text(block, Edit.ADDED)))
        for position, (same, block) in enumerate(blocks)
        if not same
    }
    finely = sum(len(removed) * len(added) for removed, added in pairs.values()) <= MAX_CELLS
    steps: list[_Step] = []
    for position, (_same, block) in enumerate(blocks):
        steps += _steps(*pairs[position]) if finely and position in pairs else _replaced_last(block)
    return list(_joined(steps))


def _text(block: Sequence[_Step], edit: Edit) -> str:
    return "".join(text for kind, text in block if kind is edit)


def _replaced_last(block: Sequence[_Step]) -> list[_Step]:
    """What was taken out first, then what came in its place."""
    return sorted(block, key=lambda step: step[0] is Edit.ADDED)


def _joined(steps: Sequence[_Step]) -> Iterator[Piece]:
    for edit, run in groupby(steps, lambda step: step[0]):
        text = "".join(text for _edit, text in run)
        if text:
            yield Piece(edit, text)


def _steps(old: Sequence[str], new: Sequence[str]) -> Iterator[_Step]:
    """What to keep, take out and put in, in this order at each place."""
    shorter = min(len(old), len(new))
    head = next((at for at in range(shorter) if old[at] != new[at]), shorter)
    tail = next((at for at in range(shorter - head) if old[-1 - at] != new[-1 - at]), shorter - head)
    yield from ((Edit.SAME, part) for part in old[:head])
    yield from _middle(old[head : len(old) - tail], new[head : len(new) - tail])
    yield from ((Edit.SAME, part) for part in old[len(old) - tail :])


def _middle(old: Sequence[str], new: Sequence[str]) -> Iterator[_Step]:
    """By the longest common subsequence. ``difflib`` needs ten times as long for lines that repeat."""
    common = _common_lengths(old, new) if len(old) * len(new) <= MAX_CELLS else None
    left = right = 0
    while common is not None and left < len(old) and right < len(new):
        if old[left] == new[right]:
            yield Edit.SAME, old[left]
            left, right = left + 1, right + 1
        elif common[left + 1][right] >= common[left][right + 1]:
            yield Edit.REMOVED, old[left]
            left += 1
        else:
            yield Edit.ADDED, new[right]
            right += 1
    yield from ((Edit.REMOVED, part) for part in old[left:])
    yield from ((Edit.ADDED, part) for part in new[right:])


def _common_lengths(old: Sequence[str], new: Sequence[str]) -> list[list[int]]:
    """``[left][right]``: the length of the longest common subsequence of what begins there."""
    below = [0] * (len(new) + 1)
    table = [below]
    for part in reversed(old):
        row = [0] * (len(new) + 1)
        for right in range(len(new) - 1, -1, -1):
            row[right] = below[right + 1] + 1 if part == new[right] else max(below[right], row[right + 1])
        table.append(row)
        below = row
    return table[::-1]
