"""Deadlines of stages that should have led to an escalation."""

from typing import Final

from prometheus_client import Gauge

from services.contracts.states import ApprovalState
from services.kit.db.gauges import OwnGauges

DEADLINES: Final = OwnGauges(
    "SELECT count(*) AS open,"  # noqa: S608
    " extract(epoch FROM now() - min(deadline_at) FILTER (WHERE deadline_at <= now() AND escalated_at IS NULL)) AS late"
    f" FROM approvals WHERE state = '{ApprovalState.PENDING}' AND held_by IS NULL",
    {
        "open": Gauge("ringi_approvals_pending", "Requests that wait for approvers"),
        "late": Gauge("ringi_approval_deadlines_late_seconds", "How long ago a deadline passed without an escalation"),
    },
)
