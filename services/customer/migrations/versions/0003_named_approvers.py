"""Whom approval requests name: they may read these customers. Filled from the events, those of the past included."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

COPIES = """
CREATE TABLE request_copies (
    id uuid PRIMARY KEY,
    customer_id uuid,
    state text NOT NULL,
    approver_ids uuid[] NOT NULL,
    aggregate_version int NOT NULL,
    blocked_by_process uuid
);
COMMENT ON TABLE request_copies IS 'Requests by customer and approver: who is named may read the customer';
CREATE INDEX request_copies_by_approver ON request_copies USING gin (approver_ids)
"""


def upgrade() -> None:
    op.execute(COPIES)


def downgrade() -> None:
    op.execute("DROP TABLE request_copies")
