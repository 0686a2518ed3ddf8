"""Figures: a value with what it was divided from, its unit, and the list that it counts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

RATE_DIGITS: Final = 4
YEN: Final = "JPY"


class Unit(StrEnum):
    COUNT = "count"
    YEN = "yen"
    RATE = "rate"
    SECONDS = "seconds"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class Figure:
    """``value`` is None where there is nothing to divide by or to take a median of; it is shown as a dash.

    ``amounts``: of a sum of money, what there is in each currency (ISO 4217), as JSON has amounts
    (``contracts.money``); ``value`` is that in yen, which are whole.
    """

    value: float | int | None
    unit: Unit
    numerator: int | None = None
    denominator: int | None = None
    link: str | None = None
    amounts: Mapping[str, int | str] | None = None

    def as_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"value": self.value, "unit": self.unit.value, "link": self.link}
        if self.unit is Unit.RATE:
            document |= {"numerator": self.numerator, "denominator": self.denominator}
        if self.amounts is not None:
            document["amounts"] = dict(sorted(self.amounts.items()))
        return document


class Counts:
    """What a report's statement counted for one bucket and one rep, team or all; what it did not mention is zero."""

    def __init__(self, counted: Mapping[str, Any]) -> None:
        self._counted = counted

    def __getitem__(self, name: str) -> int:
        return int(self._counted.get(name) or 0)

    def value(self, name: str) -> float | None:
        value = self._counted.get(name)
        return None if value is None else float(value)

    def bands(self, name: str) -> dict[str, int]:
        return dict(self._counted.get(name) or {})

    def sums(self, name: str) -> dict[str, int | str]:
        """What ``sql.amounts`` added up, by currency."""
        return dict(self._counted.get(name) or {})


def count(number: int, link: str | None) -> Figure:
    return Figure(number, Unit.COUNT, link=link)


def money(amounts: Mapping[str, int | str]) -> Figure:
    """Amounts are added within one currency only. Without a link: no list shows the requests of one currency."""
    return Figure(int(amounts.get(YEN, 0)), Unit.YEN, amounts=amounts)


def ratio(numerator: int, denominator: int, link: str | None) -> Figure:
    value = round(numerator / denominator, RATE_DIGITS) if denominator else None
    return Figure(value, Unit.RATE, numerator, denominator, link)


def seconds(value: float | None, link: str | None) -> Figure:
    return Figure(None if value is None else round(value), Unit.SECONDS, link=link)


def days(value: float | None, link: str | None) -> Figure:
    return Figure(None if value is None else round(value, 1), Unit.DAYS, link=link)


def bands(counted: Mapping[str, int], order: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A distribution as a list: in the given order (with zeros), or by name."""
    keys = order or sorted(counted)
    return [{"key": key, "value": counted.get(key, 0)} for key in keys]
