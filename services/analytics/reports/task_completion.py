"""task-completion: due and completed, on time, overdue now, days late."""

from functools import cache

from services.analytics.reports.figures import Counts, Figure, count, days, ratio
from services.analytics.reports.links import Links
from services.analytics.reports.sql import By, figures, known_now, statement, visible, within

_DUE = f"""
    SELECT b.n, t.due_date AS team_at, t.user_id AS rep_id, t.state = 'COMPLETED' AS completed,
        t.state = 'COMPLETED' AND t.completed_at <= t.due_date AS in_time,
        (extract(epoch FROM t.completed_at - t.due_date) / 86400)::float8 AS late
    FROM bucket b JOIN read_model.task_history t ON {within("t.due_date")} AND {known_now("t")}
    WHERE NOT t.deleted AND t.state <> 'CANCELLED' AND {visible("t.user_id")}
"""
_OVERDUE = f"""
    SELECT b.n, %(now)s::timestamptz AS team_at, t.user_id AS rep_id
    FROM bucket b JOIN read_model.task_history t ON {known_now("t")} AND t.due_date < %(now)s
    WHERE NOT t.deleted AND t.state IN ('OPEN', 'IN_PROGRESS') AND {visible("t.user_id")}
"""
"""Overdue *now*: the same whatever the period."""


@cache
def sql(by: By | None) -> str:
    return statement(
        {"due": _DUE, "overdue": _OVERDUE},
        figures(
            "due",
            by,
            {
                "due": "count(*)",
                "completed": "count(*) FILTER (WHERE completed)",
                "inTime": "count(*) FILTER (WHERE in_time)",
                "late": "percentile_cont(0.5) WITHIN GROUP (ORDER BY late) FILTER (WHERE completed AND late > 0)",
            },
        ),
        figures("overdue", by, {"overdue": "count(*)"}),
    )


def assemble(counts: Counts, links: Links) -> dict[str, Figure]:
    completed = links.tasks("COMPLETED")
    return {
        "due": count(counts["due"], links.tasks("OPEN", "IN_PROGRESS", "COMPLETED")),
        "completed": count(counts["completed"], completed),
        "completionRate": ratio(counts["completed"], counts["due"], completed),
        "onTime": count(counts["inTime"], None),
        "onTimeRate": ratio(counts["inTime"], counts["completed"], None),
        "overdueNow": count(counts["overdue"], links.overdue_tasks()),
        "medianDaysLate": days(counts.value("late"), None),
    }
