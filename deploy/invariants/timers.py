"""Task timers: at most one notice of a kind per task and due date, none for a task that has ended."""

from deploy.invariants.events import REPORTED
from deploy.invariants.model import Violation
from deploy.invariants.system import System


async def told_once(system: System) -> list[Violation]:
    """No second `task.due_soon` or `task.overdue` for the same task and due date."""
    rows = await system.all(
        "sales_activity",
        "SELECT event_type, aggregate_id, data->>'dueDate' AS due, count(*) AS n FROM outbox"
        " WHERE event_type IN ('task.due_soon', 'task.overdue') GROUP BY 1, 2, 3 HAVING count(*) > 1 LIMIT %s",
        [REPORTED],
    )
    return [
        Violation(f"{row['event_type']}:{row['aggregate_id']}:{row['due']}", f"was told {row['n']} times")
        for row in rows
    ]


async def told_of_live_tasks(system: System) -> list[Violation]:
    """When the notice was written its task was open: the state before it in the event stream says so."""
    rows = await system.all(
        "sales_activity",
        "SELECT n.event_id, n.event_type, n.aggregate_id, s.state, s.deleted FROM outbox n"
        " CROSS JOIN LATERAL (SELECT data->>'state' AS state, (data->>'deleted')::boolean AS deleted FROM outbox o"
        " WHERE o.aggregate_id = n.aggregate_id AND o.aggregate_version IS NOT NULL AND o.seq < n.seq"
        " ORDER BY o.aggregate_version DESC LIMIT 1) s"
        " WHERE n.event_type IN ('task.due_soon', 'task.overdue')"
        " AND (s.state NOT IN ('OPEN', 'IN_PROGRESS') OR s.deleted) LIMIT %s",
        [REPORTED],
    )
    return [
        Violation(f"{row['event_type']}:{row['event_id']}", f"task {row['aggregate_id']} was {row['state']}")
        for row in rows
    ]
