"""Users: no live work refers to one who is gone."""

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import System

LIVE_REFERENCES = (
    ("customer", "customers", "id", "assigned_sales_id = ANY(%(gone)s) AND state = 'ACTIVE'"),
    (
        "sales_activity",
        "tasks",
        "id",
        "user_id = ANY(%(gone)s) AND deleted_at IS NULL AND state IN ('OPEN', 'IN_PROGRESS')",
    ),
    (
        "sales_activity",
        "meetings",
        "id",
        "(user_id = ANY(%(gone)s) OR attendee_ids && %(gone)s) AND deleted_at IS NULL AND state = 'PLANNED'",
    ),
    (
        "opportunity",
        "approvals",
        "id",
        "owner_id = ANY(%(gone)s) AND state IN ('DRAFT', 'PENDING', 'RETURNED', 'ON_HOLD')",
    ),
    ("opportunity", "approval_waiting", "approval_id", "approver_id = ANY(%(gone)s)"),
    ("opportunity", "approval_participants", "approval_id", "user_id = ANY(%(gone)s) AND relation = 'ASKED'"),
    ("opportunity", "approval_circulation", "id", "user_id = ANY(%(gone)s) AND ended_at IS NULL"),
    ("opportunity", "approval_proxies", "id", "to_id = ANY(%(gone)s) AND ends_at > now() AND NOT ended"),
    ("auth", "users", "id", "manager_id = ANY(%(gone)s) AND state <> 'DELETED'"),
    ("auth", "departments", "id", "head_id = ANY(%(gone)s) AND deleted_at IS NULL"),
)


async def gone_without_live_work(system: System) -> list[Violation]:
    """No live customer, task, meeting, request, stage or report belongs to a deleted user."""
    gone = await system.column("auth", "SELECT id FROM users WHERE state = 'DELETED'")
    found = []
    for service, table, key, condition in LIVE_REFERENCES:
        statement = f"SELECT {key} AS id FROM {table} WHERE {condition} LIMIT %(limit)s"  # noqa: S608
        rows = await system.all(service, statement, {"gone": gone, "limit": REPORTED})
        found += [Violation(f"{service}.{table}:{row['id']}", "refers to a deleted user") for row in rows]
    return found
