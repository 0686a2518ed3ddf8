"""Whom approval requests name, and who stands in for them: they may read what was done for these customers. Filled from
the events, those of the past included."""

from alembic import op

revision = "0004"
down_revision = "0003"
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
CREATE INDEX request_copies_by_approver ON request_copies USING gin (approver_ids);
CREATE TABLE proxy_copies (
    id uuid PRIMARY KEY,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended boolean NOT NULL
);
CREATE INDEX proxy_copies_by_stand_in ON proxy_copies (to_id, ends_at)
"""


def upgrade() -> None:
    op.execute(COPIES)


def downgrade() -> None:
    op.execute("DROP TABLE request_copies, proxy_copies")
