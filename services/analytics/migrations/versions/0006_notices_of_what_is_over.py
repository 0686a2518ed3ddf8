"""Notices are closed when what they are about is over; those that stayed unread from before are closed here."""

from typing import Final

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

COLUMN: Final = """
ALTER TABLE notifications ADD COLUMN closed_at timestamptz;
CREATE INDEX notifications_closed ON notifications (closed_at) WHERE closed_at IS NOT NULL;
CREATE INDEX notifications_resource ON notifications (resource_id) WHERE deleted_at IS NULL AND read_at IS NULL
"""
REQUESTS: Final = """
UPDATE notifications AS n SET closed_at = now(), read_at = now() FROM read_model.approval_history a
WHERE n.resource_type = 'approval' AND n.deleted_at IS NULL AND n.read_at IS NULL
AND a.approval_id = n.resource_id AND a.valid_to = 'infinity' AND CASE
    WHEN n.type IN ('APPROVAL_WAITING', 'APPROVAL_DUE') THEN a.state NOT IN ('PENDING', 'ON_HOLD')
        OR a.state = 'PENDING' AND NOT n.recipient_id = ANY(a.waiting_for)
    WHEN n.type = 'APPROVAL_REASSIGNED' THEN a.state NOT IN ('PENDING', 'ON_HOLD')
    WHEN n.type = 'APPROVAL_RETURNED' THEN a.state NOT IN ('RETURNED', 'ON_HOLD') END
"""
TASKS: Final = """
UPDATE notifications AS n SET closed_at = now(), read_at = now() FROM read_model.task_history t
WHERE n.resource_type = 'task' AND n.deleted_at IS NULL AND n.read_at IS NULL
AND coalesce((n.params ->> 'count')::int, 1) = 1 AND t.task_id = n.resource_id AND t.valid_to = 'infinity'
AND (t.deleted OR t.state NOT IN ('OPEN', 'IN_PROGRESS') OR t.user_id <> n.recipient_id
    OR jsonb_exists(n.params, 'dueDate') AND t.due_date IS DISTINCT FROM (n.params ->> 'dueDate')::timestamptz)
"""
CUSTOMERS: Final = """
UPDATE notifications AS n SET closed_at = now(), read_at = now() FROM customer_copies c
WHERE n.resource_type = 'customer' AND n.deleted_at IS NULL AND n.read_at IS NULL
AND coalesce((n.params ->> 'count')::int, 1) = 1 AND c.id = n.resource_id
AND (c.state IN ('DELETED', 'PURGING', 'PURGED') OR c.assigned_sales_id <> n.recipient_id)
"""
PROCESSES: Final = """
UPDATE notifications AS n SET closed_at = now(), read_at = now() FROM read_model.process_views p
WHERE n.type = 'PROCESS_NEEDS_ATTENTION' AND n.deleted_at IS NULL AND n.read_at IS NULL
AND p.process_id = n.resource_id AND p.finished_at IS NOT NULL
"""


def upgrade() -> None:
    for statement in (COLUMN, REQUESTS, TASKS, CUSTOMERS, PROCESSES):
        op.execute(statement)


def downgrade() -> None:
    op.execute("ALTER TABLE notifications DROP COLUMN closed_at")
    op.execute("DROP INDEX notifications_resource")
