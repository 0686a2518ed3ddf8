"""What a request's kind asked for, as lines that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from frontend.opportunity.kinds import words
from frontend.opportunity.kinds.definitions import KindField, Kinds
from frontend.ui import formats
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
            return words.yes_no(value)
        case "COUNT":
            return formats.number(value)
        case "CHOICE":
            return words.choice_text(field.name if field else "", value)
        case _:
            return str(value)


def lines(kinds: Kinds, kind: str, given: Mapping[str, Json], currency: str) -> list[Line]:
    """In the order of the form; what belongs together (before → after, first – last day) in one line."""
    fields = kinds.of(kind)
    known = {field.name for field in fields}
    later = {field.compared.field: field for field in fields if field.compared and words.pair_label(field.name)}
    paired = {field.name for field in later.values()}
    told = [
        _line(field, later.get(field.name), given, currency)
        for field in fields
        if field.name not in paired and (field.name in given or _name(later.get(field.name)) in given)
    ]
    return told + [Line(words.label(name), text_of(None, given[name], currency)) for name in given if name not in known]


def _name(field: KindField | None) -> str:
    return field.name if field else ""


def _line(field: KindField, later: KindField | None, given: Mapping[str, Json], currency: str) -> Line:
    text = text_of(field, given.get(field.name), currency)
    if later is None:
        return Line(words.label(field.name), text)
    joiner = " – " if later.type == "DATE" else " → "
    return Line(words.pair_label(later.name), text + joiner + text_of(later, given.get(later.name), currency))


def field_named(kinds: Kinds, name: str, among: Sequence[str]) -> KindField | None:
    """The field of that name in the first of these kinds that has one."""
    return next((field for kind in among for field in kinds.of(kind) if field.name == name), None)
