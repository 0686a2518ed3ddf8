"""customer-statistics: active, new, deleted, net; dormant; profiles kept up; by risk, assets, age and rep."""

from functools import cache
from typing import Final

from services.analytics.reports.figures import Counts, Figure, bands, count, ratio
from services.analytics.reports.links import Links
from services.analytics.reports.sql import By, breakdown, figures, known_now, statement, valid, visible, within

DORMANT_AFTER: Final = "90 days"
"""No held meeting for so long makes a customer dormant (domain model, Reports)."""
REVIEW_VALID: Final = "12 months"
"""A profile that was reviewed longer ago is stale (domain model, Investment profile)."""
GONE: Final = "('DELETED', 'PURGING', 'PURGED')"

_AT_END = f"""
    SELECT b.n, b.at, b.end_at AS team_at, c.assigned_sales_id AS rep_id, c.birth_date, c.risk_tolerance,
        c.assets_band, c.kind,
        coalesce((SELECT r.profile_complete AND r.profile_reviewed_at >= b.at - interval '{REVIEW_VALID}'
            FROM read_model.customer_history r WHERE r.customer_id = c.customer_id AND r.profile_reviewed_at < b.end_at
            ORDER BY r.profile_reviewed_at DESC, r.version DESC LIMIT 1), false) AS reviewed,
        NOT EXISTS (SELECT FROM read_model.meeting_history m
            WHERE m.customer_id = c.customer_id AND m.state = 'HELD' AND NOT m.deleted
            AND m.starts_at >= b.at - interval '{DORMANT_AFTER}' AND m.starts_at < b.end_at AND {known_now("m")}
            ) AS dormant
    FROM bucket b JOIN read_model.customer_history c ON {valid("c")}
    WHERE c.state = 'ACTIVE' AND {visible("c.assigned_sales_id")}
"""
"""A review and a meeting are facts: they count from when they took place, however late they were entered."""

_NEW = f"""
    SELECT b.n, c.created_at AS team_at, c.assigned_sales_id AS rep_id, c.state NOT IN {GONE} AS there
    FROM bucket b JOIN read_model.customer_history c ON {within("c.created_at")} AND {known_now("c")}
    WHERE {visible("c.assigned_sales_id")}
"""
_LEFT_OR_CAME_BACK = f"""
    SELECT b.n, v.valid_from AS team_at, c.assigned_sales_id AS rep_id, v.event_type
    FROM bucket b JOIN read_model.customer_history v ON {within("v.valid_from")}
        AND v.event_type IN ('customer.deleted', 'customer.restored')
    JOIN read_model.customer_history c ON c.customer_id = v.customer_id AND {known_now("c")}
    WHERE {visible("c.assigned_sales_id")}
"""
"""Every deletion and restore, so that days add up also where a customer went and came back within a month."""
_AGE = """CASE WHEN kind = 'CORPORATE' OR birth_date IS NULL THEN 'UNKNOWN'
    WHEN years < 30 THEN 'UNDER_30' WHEN years < 40 THEN 'Y30_39' WHEN years < 50 THEN 'Y40_49'
    WHEN years < 60 THEN 'Y50_59' WHEN years < 70 THEN 'Y60_69' WHEN years < 75 THEN 'Y70_74'
    WHEN years < 80 THEN 'Y75_79' ELSE 'OVER_80' END"""
"""75 and 80 are bounds of their own: from there suitability asks for more care."""


@cache
def sql(by: By | None) -> str:
    return statement(
        {
            "active": _AT_END,
            "created": _NEW,
            "moved": _LEFT_OR_CAME_BACK,
            "whole": (
                "SELECT *, extract(year FROM age((at AT TIME ZONE %(time_zone)s)::date, birth_date)) AS years"
                " FROM active WHERE n = 1"
            ),
        },
        figures(
            "active",
            by,
            {
                "active": "count(*)",
                "dormant": "count(*) FILTER (WHERE dormant)",
                "reviewed": "count(*) FILTER (WHERE reviewed)",
            },
        ),
        figures("created", by, {"new": "count(*)", "newAndThere": "count(*) FILTER (WHERE there)"}),
        figures(
            "moved",
            by,
            {
                "deleted": "count(*) FILTER (WHERE event_type = 'customer.deleted')",
                "restored": "count(*) FILTER (WHERE event_type = 'customer.restored')",
            },
        ),
        breakdown("whole", "byRisk", "coalesce(risk_tolerance, 'UNKNOWN')"),
        breakdown("whole", "byAssets", "coalesce(assets_band, 'UNKNOWN')"),
        breakdown("whole", "byAge", _AGE),
        breakdown("whole", "byRep", "rep_id::text"),
    )


def assemble(counts: Counts, links: Links) -> dict[str, Figure]:
    new = links.new_customers() if counts["new"] == counts["newAndThere"] else None
    net = counts["new"] + counts["restored"] - counts["deleted"]
    return {
        "activeCustomers": count(counts["active"], links.active_customers()),
        "newCustomers": count(counts["new"], new),
        "deletedCustomers": count(counts["deleted"], None),
        "restoredCustomers": count(counts["restored"], None),
        "netCustomers": count(net, None),
        "dormantCustomers": count(counts["dormant"], None),
        "dormantRate": ratio(counts["dormant"], counts["active"], None),
        "reviewedProfiles": count(counts["reviewed"], None),
        "reviewedRate": ratio(counts["reviewed"], counts["active"], None),
    }


def breakdowns(counts: Counts) -> dict[str, list[dict[str, object]]]:
    return {name: bands(counts.bands(name)) for name in ("byRisk", "byAssets", "byAge", "byRep")}
