"""Customers: nothing live belongs to one that is gone."""

from uuid import UUID

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import System

GONE = ["DELETED", "PURGING", "PURGED"]
OPEN_APPROVALS = ["PENDING", "RETURNED", "ON_HOLD"]


async def gone_without_live_rows(system: System) -> list[Violation]:
    """No live task, meeting or open request belongs to a deleted customer whose deletion has ended."""
    gone = await system.column(
        "customer",
        "SELECT c.id FROM customers c WHERE c.state = ANY(%s) AND NOT EXISTS"
        " (SELECT 1 FROM processes p WHERE p.resource_id = c.id AND p.finished_at IS NULL)",
        [GONE],
    )
    found = await _belonging(system, "sales_activity", "tasks", "deleted_at IS NULL", gone)
    found += await _belonging(system, "sales_activity", "meetings", "deleted_at IS NULL", gone)
    found += await _belonging(system, "opportunity", "approvals", "state = ANY(%s)", gone, [OPEN_APPROVALS])
    return found


async def _belonging(
    system: System, service: str, table: str, live: str, customers: list[UUID], params: list[list[str]] | None = None
) -> list[Violation]:
    rows = await system.all(
        service,
        f"SELECT id, customer_id FROM {table} WHERE customer_id = ANY(%s) AND {live} LIMIT %s",  # noqa: S608
        [customers, *(params or []), REPORTED],
    )
    return [
        Violation(f"{service}.{table}:{row['id']}", f"is live, though customer {row['customer_id']} is gone")
        for row in rows
    ]
