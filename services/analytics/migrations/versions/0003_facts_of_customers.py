"""Indexes for what reports count where it happened: customers by creation, deletion and restore."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

INDEXES = """
CREATE INDEX customer_history_created ON read_model.customer_history (created_at) WHERE valid_to = 'infinity';
CREATE INDEX customer_history_moves ON read_model.customer_history (valid_from)
    WHERE event_type IN ('customer.deleted', 'customer.restored')
"""


def upgrade() -> None:
    op.execute(INDEXES)


def downgrade() -> None:
    op.execute("DROP INDEX read_model.customer_history_created")
    op.execute("DROP INDEX read_model.customer_history_moves")
