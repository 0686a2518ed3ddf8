"""A field of a kind as it is typed: which input it is, and what is meant by what stands in it."""

from __future__ import annotations

import re
from datetime import date

from frontend.opportunity.kinds.definitions import KindField
from frontend.ui import kind_words
from frontend.ui.amounts import AmountRefused, parse_amount
from frontend.ui.formats import Amount, figures, whole
from frontend.ui.gateway import Json
from frontend.ui.i18n import gettext

YES_NO = {"yes": True, "no": False}
_PERCENTAGE = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_NARROW = str.maketrans("０１２３４５６７８９．％", "0123456789.%")
_DEFAULT_DECIMALS = 4


class ValueRefused(ValueError):
    """What was typed is no value of the field; the text says why to the person."""


def typed(field: KindField, value: Json, currency: str) -> str:
    """A value as it stands in the input."""
    if value is None:
        return ""
    match field.type:
        case "YES_NO":
            return next((text for text, meant in YES_NO.items() if meant is value), "")
        case "MONEY":
            return figures(value, currency)
        case _:
            return str(value)


def value_of(field: KindField, text: str, currency: str) -> Json:
    """What is meant, as the API takes it; None for nothing. Raises ValueRefused."""
    if not text:
        return None
    match field.type:
        case "PERCENT":
            return _percentage(text, field.bounds.decimals or _DEFAULT_DECIMALS)
        case "MONEY":
            return _amount(text, currency)
        case "COUNT":
            count = whole(text)
            if count is None:
                raise ValueRefused(gettext("Enter a whole number."))
            return count
        case "DATE":
            return _day(text)
        case "YES_NO":
            return YES_NO.get(text)
        case _:
            return text


def _percentage(text: str, decimals: int) -> str:
    """An exact text. A comma is refused: it may stand for a point, or before three digits."""
    figure = "".join(text.translate(_NARROW).split()).removesuffix("%")
    if not _PERCENTAGE.fullmatch(figure) or len(figure.partition(".")[2]) > decimals:
        message = gettext("Enter a percentage with up to %(n)s decimals, for example 1.65.")
        raise ValueRefused(message % {"n": decimals})
    return figure


def _amount(text: str, currency: str) -> Amount:
    try:
        return parse_amount(text, currency)
    except AmountRefused as refused:
        raise ValueRefused(str(refused)) from refused


def _day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError as error:
        raise ValueRefused(gettext("Enter a day, for example 2026-04-01.")) from error


def options(field: KindField) -> list[tuple[str, str]]:
    """Of an input that chooses: value and text."""
    if field.type == "YES_NO":
        return [(text, kind_words.yes_no(meant)) for text, meant in YES_NO.items()]
    return [(choice, kind_words.choice_text(field.name, choice)) for choice in field.choices or ()]
