"""Geometry of the server-side charts; the macros in `ui/charts.html` only draw what is computed here."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

TARGET_TICKS = 4
GAP_BETWEEN_PARTS = 2.0
BAR_SHARE_OF_COLUMN = 0.55
_NICE_STEPS = (1, 2, 2.5, 5, 10)

Value = float | int | None


@dataclass(frozen=True, slots=True)
class Scale:
    """A vertical axis from zero to a round top, in the chart's own units."""

    top: float
    ticks: tuple[float, ...]

    def length(self, value: Value, height: float) -> float:
        """How long a bar of this value is when the whole axis is `height` long."""
        return round((value or 0) / self.top * height, 1)


@dataclass(frozen=True, slots=True)
class Part:
    """One rectangle of a stacked column. `series` counts from 1 and names the colour class."""

    series: int
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One place on the horizontal axis with its stacked parts."""

    label: str
    left: float
    width: float
    centre: float
    parts: tuple[Part, ...]
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class Arc:
    """One part of a ring as `stroke-dasharray` and `stroke-dashoffset` for a circle with `pathLength=100`."""

    length: float
    offset: float


def scale(values: Sequence[Value]) -> Scale:
    """A scale with about four round steps that holds the largest value (Heckbert's nice numbers)."""
    largest = max((value for value in values if value is not None), default=0) or 1
    raw = largest / TARGET_TICKS
    magnitude = 10 ** math.floor(math.log10(raw))
    step = next(nice * magnitude for nice in _NICE_STEPS if nice * magnitude >= raw)
    if largest >= 1 and all(isinstance(value, int) for value in values if value is not None):
        step = max(math.ceil(step), 1)
    count = math.ceil(largest / step)
    return Scale(top=step * count, ticks=tuple(round(step * index, 6) for index in range(count + 1)))


def stack_scale(series: Sequence[Sequence[Value]]) -> Scale:
    """The axis for columns that stack these series."""
    return scale([sum(value or 0 for value in column) for column in zip(*series, strict=True)])


def stack(
    labels: Sequence[str], series: Sequence[Sequence[Value]], *, left: float, top: float, width: float, height: float
) -> list[Column]:
    """Columns of stacked bars inside the plot area that begins at (left, top)."""
    axis = stack_scale(series)
    step = width / max(len(labels), 1)
    columns = []
    for index, label in enumerate(labels):
        bottom, parts = top + height, []
        bar_x, bar_width = left + index * step + step * (1 - BAR_SHARE_OF_COLUMN) / 2, step * BAR_SHARE_OF_COLUMN
        for number, values in enumerate(series, start=1):
            length = axis.length(values[index], height)
            if length:
                parts.append(Part(number, round(bar_x, 1), round(bottom - length, 1), round(bar_width, 1), length))
                bottom -= length + GAP_BETWEEN_PARTS
        columns.append(
            Column(
                label,
                round(left + index * step, 1),
                round(step, 1),
                round(left + (index + 0.5) * step, 1),
                tuple(parts),
                tuple(values[index] for values in series),
            )
        )
    return columns


def line(values: Sequence[Value], *, left: float, top: float, width: float, height: float, highest: float) -> str:
    """The `points` of a polyline; missing values are left out."""
    step = width / max(len(values) - 1, 1)
    return " ".join(
        f"{round(left + index * step, 1)},{round(top + height - value / highest * height, 1)}"
        for index, value in enumerate(values)
        if value is not None
    )


def ring(values: Sequence[Value]) -> list[Arc]:
    """Arcs that begin at twelve o'clock and go clockwise."""
    total = sum(value or 0 for value in values) or 1
    arcs, start = [], 0.0
    for value in values:
        share = (value or 0) / total * 100
        arcs.append(Arc(length=round(share, 2), offset=round(25 - start, 2)))
        start += share
    return arcs
