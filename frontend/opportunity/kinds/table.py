"""What a request's kind asked for, as lines that people read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from frontend.opportunity.kinds.definitions import KindField, Kinds
from frontend.ui import formats, kind_words
from frontend.ui.gateway import Json


class Line(NamedTuple):
    label: str
    text: str


def text_of(field: KindField | None, value: Json, currency: str) -> str:
    """A value that a later version of the API has is shown as it is called there."""
    if value is None:
        return formats.NOTHING
    match field.type if field else "":
        case "PERCENT":
            return f"{value}%"
        case "MONEY":
            return formats.money(value, currency)
        case "DATE":
            return formats.day(value, year=True)
        case "YES_NO":
            return kind_words.yes_no(value)
        case "COUNT":
            return formats.number(value)
        case "CHOICE":
            return kind_words.choice_text(field.name if field else "", value)
        case _:
            return str(value)


def lines(kinds: Kinds, kind: str, given: Mapping[str, Json], currency: str) -> list[Line]:
    """In the order of the form; what belongs together (before → after, first – last day) in one line."""
    return [*_known(kinds.of(kind), given, currency), *_unknown(kinds.of(kind), given, currency)]


def _known(fields: Sequence[KindField], given: Mapping[str, Json], currency: str) -> Iterator[Line]:
    later = {field.compared.field: field for field in fields if field.compared and kind_words.pair_label(field.name)}
    for field in fields:
        other = later.get(field.name)
        told = {field.name} if other is None else {field.name, other.name}
        if field in later.values() or told.isdisjoint(given):
            continue
        text = text_of(field, given.get(field.name), currency)
        if other is None:
            yield Line(kind_words.label(field.name), text)
        else:
            joiner = " – " if other.type == "DATE" else " → "
            after = text_of(other, given.get(other.name), currency)
            yield Line(kind_words.pair_label(other.name), text + joiner + after)


def _unknown(fields: Sequence[KindField], given: Mapping[str, Json], currency: str) -> Iterator[Line]:
    """What a later version of the API asks for."""
    known = {field.name for field in fields}
    yield from (
        Line(kind_words.label(name), text_of(None, given[name], currency)) for name in given if name not in known
    )


def field_named(kinds: Kinds, name: str, among: Sequence[str]) -> KindField | None:
    """The field of that name in the first of these kinds that has one."""
    return next((field for kind in among for field in kinds.of(kind) if field.name == name), None)
