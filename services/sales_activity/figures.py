"""Timers of tasks that should have gone off: Temporal fires them, the rows tell whether it did."""

from typing import Final

from prometheus_client import Gauge

from services.kit.db.gauges import OwnGauges

TIMERS: Final = OwnGauges(
    "SELECT count(*) AS open, extract(epoch FROM now() - min(due_date) FILTER (WHERE due_date <= now())) AS late"
    " FROM tasks WHERE deleted_at IS NULL AND timed",
    {
        "open": Gauge("ringi_task_timers_open", "Tasks whose due date has not been told yet"),
        "late": Gauge("ringi_task_timers_late_seconds", "For how long the one that is latest has been due"),
    },
)
