"""customer-statistics: active, new, deleted, net; dormant; profiles kept up; by risk, assets, age and rep."""

from functools import cache
from typing import Final

from services.analytics.reports.figures import Counts, Figure, bands, count, ratio
from services.analytics.reports.links import Links
from services.analytics.reports.sql import By, breakdown, figures, statement, valid, visible

DORMANT_AFTER: Final = "90 days"
"""No held meeting for so long makes a customer dormant (domain model, Reports)."""
REVIEW_VALID: Final = "12 months"
"""A profile that was reviewed longer ago is stale (domain model, Investment profile)."""
GONE: Final = "('DELETED', 'PURGING', 'PURGED')"

_AT_END = f"""
    SELECT b.n, b.start_at, b.end_at, b.at, c.customer_id, c.assigned_sales_id AS rep_id, c.state, c.birth_date,
        c.risk_tolerance, c.assets_band, c.created_at, c.kind,
        c.state = 'ACTIVE' AS active, c.state IN {GONE} AS gone,
        c.profile_complete AND coalesce(c.profile_reviewed_at >= b.at - interval '{REVIEW_VALID}', false) AS reviewed,
        (SELECT s.state IN {GONE} FROM read_model.customer_history s
            WHERE s.customer_id = c.customer_id AND {valid("s", "b.start_at")}) AS gone_before,
        c.state = 'ACTIVE' AND NOT EXISTS (SELECT FROM read_model.meeting_history m
            WHERE m.customer_id = c.customer_id AND m.state = 'HELD' AND NOT m.deleted
            AND m.starts_at >= b.at - interval '{DORMANT_AFTER}' AND m.starts_at < b.end_at AND {valid("m")}) AS dormant
    FROM bucket b JOIN read_model.customer_history c ON {valid("c")}
    WHERE {visible("c.assigned_sales_id")}
"""
_AGE = """CASE WHEN kind = 'CORPORATE' OR birth_date IS NULL THEN 'UNKNOWN'
    WHEN years < 30 THEN 'UNDER_30' WHEN years < 40 THEN 'Y30_39' WHEN years < 50 THEN 'Y40_49'
    WHEN years < 60 THEN 'Y50_59' WHEN years < 70 THEN 'Y60_69' WHEN years < 75 THEN 'Y70_74'
    WHEN years < 80 THEN 'Y75_79' ELSE 'OVER_80' END"""
"""75 and 80 are bounds of their own: from there suitability asks for more care."""


@cache
def sql(by: By | None) -> str:
    return statement(
        {
            "customer": _AT_END,
            "active": (
                "SELECT *, extract(year FROM age((at AT TIME ZONE %(time_zone)s)::date, birth_date)) AS years"
                " FROM customer WHERE active AND n = 1"
            ),
        },
        figures(
            "customer",
            by,
            {
                "active": "count(*) FILTER (WHERE active)",
                "new": "count(*) FILTER (WHERE created_at >= start_at AND created_at < end_at)",
                "deleted": "count(*) FILTER (WHERE gone AND NOT coalesce(gone_before, false))",
                "restored": "count(*) FILTER (WHERE NOT gone AND coalesce(gone_before, false))",
                "dormant": "count(*) FILTER (WHERE dormant)",
                "reviewed": "count(*) FILTER (WHERE active AND reviewed)",
            },
        ),
        breakdown("active", "byRisk", "coalesce(risk_tolerance, 'UNKNOWN')"),
        breakdown("active", "byAssets", "coalesce(assets_band, 'UNKNOWN')"),
        breakdown("active", "byAge", _AGE),
        breakdown("active", "byRep", "rep_id::text"),
    )


def assemble(counts: Counts, links: Links) -> dict[str, Figure]:
    net = counts["new"] + counts["restored"] - counts["deleted"]
    return {
        "activeCustomers": count(counts["active"], links.customers()),
        "newCustomers": count(counts["new"], links.customers(created=True)),
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
