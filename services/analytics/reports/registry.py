"""The four reports by name, and what each is made from."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from services.analytics.projections.histories import APPROVALS, CUSTOMERS, MEETINGS, TASKS, USERS
from services.analytics.reports import approval_statistics, customer_statistics, sales_summary, task_completion
from services.analytics.reports.figures import Counts, Figure
from services.analytics.reports.links import Links
from services.analytics.reports.sql import By


def _no_breakdowns(_counts: Counts) -> dict[str, list[dict[str, Any]]]:
    return {}


@dataclass(frozen=True, slots=True)
class Report:
    """``projections``: whose changes make a cached answer out of date. ``weekly``: figures of the weekly series."""

    name: str
    sql: Callable[[By | None], str]
    assemble: Callable[[Counts, Links], dict[str, Figure]]
    projections: tuple[str, ...]
    breakdowns: Callable[[Counts], dict[str, list[dict[str, Any]]]] = _no_breakdowns
    weekly: tuple[str, ...] = ()


SALES_SUMMARY: Final = Report(
    "sales-summary",
    sales_summary.sql,
    sales_summary.assemble,
    (USERS.name, CUSTOMERS.name, MEETINGS.name, APPROVALS.name),
)
CUSTOMER_STATISTICS: Final = Report(
    "customer-statistics",
    customer_statistics.sql,
    customer_statistics.assemble,
    (USERS.name, CUSTOMERS.name, MEETINGS.name),
    customer_statistics.breakdowns,
)
APPROVAL_STATISTICS: Final = Report(
    "approval-statistics",
    approval_statistics.sql,
    approval_statistics.assemble,
    (USERS.name, APPROVALS.name),
    approval_statistics.breakdowns,
    ("approved", "rejected", "medianDecisionSeconds"),
)
TASK_COMPLETION: Final = Report(
    "task-completion", task_completion.sql, task_completion.assemble, (USERS.name, TASKS.name)
)
REPORTS: Final = (SALES_SUMMARY, CUSTOMER_STATISTICS, APPROVAL_STATISTICS, TASK_COMPLETION)
