"""Who stands in for an approver: they may read the customers of the requests that name them. Filled from the events,
those of the past included."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

COPIES = """
CREATE TABLE proxy_copies (
    id uuid PRIMARY KEY,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    ended boolean NOT NULL
);
COMMENT ON TABLE proxy_copies IS 'Who stands in for whom, and when: a stand-in reads what the absent one may read';
CREATE INDEX proxy_copies_by_stand_in ON proxy_copies (to_id, ends_at)
"""


def upgrade() -> None:
    op.execute(COPIES)


def downgrade() -> None:
    op.execute("DROP TABLE proxy_copies")
