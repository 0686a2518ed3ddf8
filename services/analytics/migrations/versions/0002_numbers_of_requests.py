"""The numbers of requests, which the list of processes shows.

A copy and no column of ``read_model.approval_history``: there every row from before would differ from a rebuilt one
until the model is exchanged. Requests that an approver has been told of are numbered in the notifications; the others
get their number with their next event.
"""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

COPIES = """
CREATE TABLE approval_copies (
    id uuid NOT NULL,
    number text NOT NULL,
    aggregate_version int NOT NULL,
    blocked_by_process uuid,
    PRIMARY KEY (id)
)
"""
# Version 0: any event is newer.
WHAT_IS_KNOWN = """
INSERT INTO approval_copies (id, number, aggregate_version)
SELECT DISTINCT resource_id, params ->> 'number', 0 FROM notifications
WHERE resource_type = 'approval' AND params ? 'number'
"""


def upgrade() -> None:
    op.execute(COPIES)
    op.execute(WHAT_IS_KNOWN)


def downgrade() -> None:
    op.execute("DROP TABLE approval_copies")
