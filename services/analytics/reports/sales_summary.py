"""sales-summary: meetings held and scheduled, coverage, requests submitted and approved, the funnel between them."""

from functools import cache

from services.analytics.reports.figures import Counts, Figure, count, money, ratio
from services.analytics.reports.links import Links
from services.analytics.reports.sql import By, amounts, figures, known_now, statement, valid, visible, within

_MEETINGS = f"""
    SELECT b.n, m.starts_at AS team_at, m.user_id AS rep_id, m.customer_id, m.state = 'HELD' AS held
    FROM bucket b JOIN read_model.meeting_history m ON {within("m.starts_at")} AND {known_now("m")}
    WHERE NOT m.deleted
"""
_SUBMITTED = f"""
    SELECT b.n, a.submitted_at AS team_at, a.owner_id AS rep_id, a.customer_id, a.amount, a.currency,
        a.state = 'APPROVED' AS approved
    FROM bucket b JOIN read_model.approval_history a ON {within("a.submitted_at")} AND {known_now("a")}
"""
_APPROVED = f"""
    SELECT b.n, a.decided_at AS team_at, a.owner_id AS rep_id, a.amount, a.currency
    FROM bucket b JOIN read_model.approval_history a ON {within("a.decided_at")} AND {known_now("a")}
    WHERE a.state = 'APPROVED' AND {visible("a.owner_id")}
"""
_CUSTOMERS = f"""
    SELECT b.n, b.end_at AS team_at, c.assigned_sales_id AS rep_id, h.customer_id IS NOT NULL AS met,
        coalesce(r.approved, false) AS approved, r.customer_id IS NOT NULL AS asked
    FROM bucket b JOIN read_model.customer_history c ON {valid("c")}
    LEFT JOIN (SELECT DISTINCT n, customer_id FROM all_meetings WHERE held) h USING (n, customer_id)
    LEFT JOIN (SELECT n, customer_id, bool_or(approved) AS approved FROM all_submitted GROUP BY n, customer_id) r
        USING (n, customer_id)
    WHERE c.state = 'ACTIVE' AND {visible("c.assigned_sales_id")}
"""
"""The stock at the end, and what became of these customers in the bucket: with whomever they met, whoever asked."""


@cache
def sql(by: By | None) -> str:
    return statement(
        {
            "all_meetings": _MEETINGS,
            "all_submitted": _SUBMITTED,
            "approved": _APPROVED,
            "customer": _CUSTOMERS,
            "meeting": f"SELECT * FROM all_meetings WHERE {visible('rep_id')}",
            "submitted": f"SELECT * FROM all_submitted WHERE {visible('rep_id')}",
        },
        figures("meeting", by, {"scheduled": "count(*)", "held": "count(*) FILTER (WHERE held)"}),
        figures(
            "customer",
            by,
            {
                "active": "count(*)",
                "met": "count(*) FILTER (WHERE met)",
                "asked": "count(*) FILTER (WHERE met AND asked)",
                "won": "count(*) FILTER (WHERE met AND asked AND approved)",
            },
        ),
        figures("submitted", by, {"submitted": "count(*)"}),
        amounts("submitted", by, "submittedAmounts"),
        figures("approved", by, {"approved": "count(*)"}),
        amounts("approved", by, "approvedAmounts"),
    )


def assemble(counts: Counts, links: Links) -> dict[str, Figure]:
    submitted = links.approvals(time="submitted")
    approved = links.approvals(time="decided", state="APPROVED")
    return {
        "meetingsScheduled": count(counts["scheduled"], links.meetings()),
        "meetingsHeld": count(counts["held"], links.meetings(state="HELD")),
        "heldRate": ratio(counts["held"], counts["scheduled"], links.meetings(state="HELD")),
        "activeCustomers": count(counts["active"], links.active_customers()),
        "customersMet": count(counts["met"], None),
        "coverage": ratio(counts["met"], counts["active"], None),
        "requestsSubmitted": count(counts["submitted"], submitted),
        "requestsSubmittedAmount": money(counts.sums("submittedAmounts")),
        "requestsApproved": count(counts["approved"], approved),
        "requestsApprovedAmount": money(counts.sums("approvedAmounts")),
        "funnelMeeting": count(counts["met"], None),
        "funnelRequest": count(counts["asked"], None),
        "funnelApproved": count(counts["won"], None),
        "meetingToRequest": ratio(counts["asked"], counts["met"], None),
        "requestToApproved": ratio(counts["won"], counts["asked"], None),
    }
