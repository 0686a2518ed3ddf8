"""Reports as the gateway answers them."""

from __future__ import annotations

from typing import Any

from pydantic import Field

from frontend.ui.formats import Amount
from frontend.ui.views import View


class Figure(View):
    """`value` None: there was nothing to divide by; of amounts, the yen. `link` is the list of exactly what the figure
    counts, below the API's root."""

    value: int | float | None = None
    unit: str = "count"
    numerator: int | None = None
    denominator: int | None = None
    link: str | None = None
    amounts: dict[str, Amount] | None = None

    @property
    def others(self) -> list[tuple[str, Amount]]:
        """Of a sum of money: what there is in other currencies than yen."""
        return sorted((code, amount) for code, amount in (self.amounts or {}).items() if code != "JPY")


class Span(View):
    """Dates; `to` is the day after the last one."""

    from_: str = Field(alias="from")
    to: str


class Key(View):
    """A rep, or the manager after whom a team is called."""

    id: str
    name: str | None = None


class Group(View):
    period: Span
    key: Key | None = None
    figures: dict[str, Figure] = Field(default_factory=dict)


class Report(View):
    report: str = ""
    period: Span
    as_of: str | None = None
    data_through: str | None = None
    figures: dict[str, Figure] = Field(default_factory=dict)
    breakdowns: dict[str, list[dict[str, Any]]] = Field(default_factory=dict)
    groups: list[Group] = Field(default_factory=list)
    weekly: list[dict[str, Any]] = Field(default_factory=list)
