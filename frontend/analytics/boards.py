"""What each dashboard shows: its leading figures, its charts over time, its distributions, the columns of its table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from frontend.analytics import words
from frontend.analytics.views import Figure, Group, Report
from frontend.ui.formats import day
from frontend.ui.i18n import gettext

Value = int | float | None


@dataclass(frozen=True, slots=True)
class Series:
    """One line or one part of the bars: its label and how it is read from the figures of a part of the period."""

    label: Callable[[], str]
    value: Callable[[dict[str, Figure]], Value]


@dataclass(frozen=True, slots=True)
class Chart:
    """`kind`: bars or lines."""

    kind: str
    id: str
    title: Callable[[], str]
    series: tuple[Series, ...]


@dataclass(frozen=True, slots=True)
class Board:
    cards: tuple[str, ...]
    charts: tuple[Chart, ...]
    columns: tuple[str, ...]
    funnel: tuple[str, ...] = ()


def _figure(name: str) -> Series:
    return Series(lambda: words.figure_text(name), lambda figures: _whole(figures, name))


def _percent(name: str) -> Series:
    def value(figures: dict[str, Figure]) -> Value:
        found = figures[name].value if name in figures else None
        return None if found is None else round(found * 100, 1)

    return Series(lambda: f"{words.figure_text(name)} (%)", value)


def _difference(label: Callable[[], str], whole: str, part: str) -> Series:
    return Series(label, lambda figures: max(_whole(figures, whole) - _whole(figures, part), 0))


def _whole(figures: dict[str, Figure], name: str) -> int:
    found = figures[name].value if name in figures else None
    return int(found or 0)


BOARDS: dict[str, Board] = {
    "sales-summary": Board(
        cards=(
            "meetingsHeld",
            "heldRate",
            "coverage",
            "requestsSubmitted",
            "requestsApproved",
            "requestsApprovedAmount",
        ),
        charts=(
            Chart(
                "bars",
                "meetings",
                lambda: gettext("Meetings"),
                (
                    _figure("meetingsHeld"),
                    _difference(lambda: gettext("Not held"), "meetingsScheduled", "meetingsHeld"),
                ),
            ),
            Chart(
                "lines",
                "requests",
                lambda: gettext("Submitted and approved"),
                (_figure("requestsSubmitted"), _figure("requestsApproved")),
            ),
        ),
        columns=(
            "meetingsHeld",
            "heldRate",
            "coverage",
            "requestsSubmitted",
            "requestsApproved",
            "requestsApprovedAmount",
        ),
        funnel=("funnelMeeting", "funnelRequest", "funnelApproved"),
    ),
    "customer-statistics": Board(
        cards=("activeCustomers", "newCustomers", "deletedCustomers", "netCustomers", "dormantRate", "reviewedRate"),
        charts=(
            Chart("lines", "active", lambda: gettext("Active customers"), (_figure("activeCustomers"),)),
            Chart(
                "bars",
                "moves",
                lambda: gettext("New and deleted customers"),
                (_figure("newCustomers"), _figure("deletedCustomers")),
            ),
        ),
        columns=("activeCustomers", "newCustomers", "deletedCustomers", "dormantRate", "reviewedRate"),
    ),
    "approval-statistics": Board(
        cards=(
            *("approvalRate", "firstPassRate", "inTimeRate", "recallRate"),
            *("medianDecisionSeconds", "p90DecisionSeconds", "backlog"),
        ),
        charts=(
            Chart("bars", "decisions", lambda: gettext("Decisions"), (_figure("approved"), _figure("rejected"))),
            Chart(
                "lines",
                "rates",
                lambda: gettext("Rates"),
                (_percent("firstPassRate"), _percent("approvalRate"), _percent("inTimeRate")),
            ),
        ),
        columns=(
            "submitted",
            "approved",
            "rejected",
            "approvalRate",
            "firstPassRate",
            "medianDecisionSeconds",
            "backlog",
        ),
    ),
    "task-completion": Board(
        cards=("due", "completionRate", "onTimeRate", "overdueNow", "medianDaysLate"),
        charts=(
            Chart(
                "bars",
                "tasks",
                lambda: gettext("Tasks by due date"),
                (
                    _figure("onTime"),
                    _difference(lambda: gettext("Completed late"), "completed", "onTime"),
                    _difference(lambda: gettext("Not completed"), "due", "completed"),
                ),
            ),
            Chart(
                "lines",
                "rates",
                lambda: gettext("Rates"),
                (_percent("completionRate"), _percent("onTimeRate")),
            ),
        ),
        columns=("due", "completed", "completionRate", "onTimeRate", "overdueNow", "medianDaysLate"),
    ),
}
SALES_ROLES = frozenset({"rep", "manager", "auditor", "admin"})


def readable(roles: Sequence[str] | frozenset[str]) -> list[str]:
    """The reports that these roles may read: approvers see the approval figures only."""
    return list(BOARDS) if not SALES_ROLES.isdisjoint(roles) else ["approval-statistics"]


@dataclass(frozen=True, slots=True)
class Drawn:
    """A chart with its figures."""

    chart: Chart
    labels: list[str]
    series: list[dict[str, object]]

    @property
    def is_empty(self) -> bool:
        values = [value for series in self.series for value in series["values"]]  # type: ignore[attr-defined]
        return not any(values)


def draw(board: Board, report: Report, group: str) -> list[Drawn]:
    labels = [label_of(part, group) for part in report.groups]
    return [
        Drawn(
            chart,
            labels,
            [
                {"label": series.label(), "values": [series.value(part.figures) for part in report.groups]}
                for series in chart.series
            ],
        )
        for chart in board.charts
    ]


def label_of(part: Group, group: str) -> str:
    """A part of the period on the axis: its month, or its first day."""
    begins = date.fromisoformat(part.period.from_)
    return f"{begins:%y/%m}" if group == "month" else day(begins)
