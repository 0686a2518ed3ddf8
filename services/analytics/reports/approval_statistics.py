"""approval-statistics: approved and rejected, first pass, recalls, time to a decision, deadlines, backlog, load."""

from functools import cache
from typing import Any, Final

from services.analytics.reports.figures import Counts, Figure, bands, count, ratio, seconds
from services.analytics.reports.links import Links
from services.analytics.reports.sql import By, breakdown, figures, known_now, statement, valid, within

VISIBLE: Final = (
    "(%(reps)s::uuid[] IS NULL OR a.owner_id = ANY(%(reps)s::uuid[]) OR a.approver_ids && ARRAY[%(approver)s::uuid])"
)
"""Requests of those whom the caller sees, and those that name the caller as an approver."""

_DECIDED = f"""
    SELECT b.n, a.decided_at AS team_at, a.owner_id AS rep_id, a.state = 'APPROVED' AS approved,
        extract(epoch FROM a.decided_at - a.submitted_at)::float8 AS seconds,
        a.state = 'APPROVED' AND a.previous_id IS NULL AND NOT EXISTS (SELECT FROM read_model.approval_history r
            WHERE r.approval_id = a.approval_id AND r.version < a.version
            AND r.event_type IN ('approval.returned', 'approval.resubmitted')) AS first_pass,
        coalesce(a.decided_at <= (SELECT w.deadline_at FROM read_model.approval_history w
            WHERE w.approval_id = a.approval_id AND w.version < a.version
            AND w.decided_at IS DISTINCT FROM a.decided_at
            ORDER BY w.version DESC LIMIT 1), true) AS in_time
    FROM bucket b JOIN read_model.approval_history a ON {within("a.decided_at")} AND {known_now("a")}
    WHERE a.state IN ('APPROVED', 'REJECTED') AND {VISIBLE}
"""
"""The deadline that counts is the one that stood when the decision was taken; a request without one is in time."""

_SUBMITTED = f"""
    SELECT b.n, a.submitted_at AS team_at, a.owner_id AS rep_id, a.state = 'RECALLED' AS recalled
    FROM bucket b JOIN read_model.approval_history a ON {within("a.submitted_at")} AND {known_now("a")}
    WHERE {VISIBLE}
"""
_OPEN = f"""
    SELECT b.n, b.end_at AS team_at, a.owner_id AS rep_id, a.waiting_for, b.at - a.submitted_at AS waited
    FROM bucket b JOIN read_model.approval_history a ON {valid("a")}
    WHERE a.state IN ('PENDING', 'RETURNED', 'ON_HOLD') AND {VISIBLE}
"""
_WAITING = "SELECT n, unnest(waiting_for) AS approver FROM backlog WHERE n = 1"
_ACTED = f"""
    SELECT b.n, a.acted_by AS approver
    FROM bucket b JOIN read_model.approval_history a ON {within("a.valid_from")}
    WHERE b.n = 1 AND a.acted_by IS NOT NULL AND {VISIBLE} AND (a.event_type IN
        ('approval.approved', 'approval.rejected', 'approval.returned', 'approval.stage_completed')
        OR a.event_type = 'approval.updated' AND a.state = 'PENDING' AND a.acted_by = ANY(a.approver_ids)
            AND NOT a.acted_by = ANY(a.waiting_for))
"""
"""A vote that did not yet complete its stage is an update by an approver who is no longer waited for."""
_WAITED = """CASE WHEN waited < interval '1 day' THEN 'UNDER_1D' WHEN waited < interval '3 days' THEN 'D1_3'
    WHEN waited < interval '7 days' THEN 'D3_7' WHEN waited < interval '14 days' THEN 'D7_14' ELSE 'OVER_14D' END"""
BACKLOG_BANDS: Final = ("UNDER_1D", "D1_3", "D3_7", "D7_14", "OVER_14D")


@cache
def sql(by: By | None) -> str:
    return statement(
        {"decided": _DECIDED, "submitted": _SUBMITTED, "backlog": _OPEN, "waiting": _WAITING, "acted": _ACTED},
        figures(
            "decided",
            by,
            {
                "decided": "count(*)",
                "approved": "count(*) FILTER (WHERE approved)",
                "firstPass": "count(*) FILTER (WHERE first_pass)",
                "inTime": "count(*) FILTER (WHERE in_time)",
                "median": "percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds)",
                "p90": "percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)",
            },
        ),
        figures("submitted", by, {"submitted": "count(*)", "recalled": "count(*) FILTER (WHERE recalled)"}),
        figures("backlog", by, {"backlog": "count(*)"}),
        breakdown("backlog", "backlogByAge", _WAITED),
        breakdown("waiting", "waitingByApprover", "approver::text"),
        breakdown("acted", "decidedByApprover", "approver::text"),
    )


def assemble(counts: Counts, links: Links) -> dict[str, Figure]:
    rejected = counts["decided"] - counts["approved"]
    approved = links.approvals(time="decided", state="APPROVED")
    return {
        "approved": count(counts["approved"], approved),
        "rejected": count(rejected, links.approvals(time="decided", state="REJECTED")),
        "approvalRate": ratio(counts["approved"], counts["decided"], approved),
        "firstPassRate": ratio(counts["firstPass"], counts["decided"], None),
        "submitted": count(counts["submitted"], links.approvals(time="submitted")),
        "recalled": count(counts["recalled"], links.approvals(time="submitted", state="RECALLED")),
        "recallRate": ratio(
            counts["recalled"], counts["submitted"], links.approvals(time="submitted", state="RECALLED")
        ),
        "medianDecisionSeconds": seconds(counts.value("median"), None),
        "p90DecisionSeconds": seconds(counts.value("p90"), None),
        "inTimeRate": ratio(counts["inTime"], counts["decided"], None),
        "backlog": count(counts["backlog"], None),
    }


def breakdowns(counts: Counts) -> dict[str, list[dict[str, Any]]]:
    waiting, decided = counts.bands("waitingByApprover"), counts.bands("decidedByApprover")
    return {
        "backlogByAge": bands(counts.bands("backlogByAge"), BACKLOG_BANDS),
        "loadByApprover": [
            {"key": approver, "waiting": waiting.get(approver, 0), "decided": decided.get(approver, 0)}
            for approver in sorted(waiting.keys() | decided.keys())
        ],
    }
