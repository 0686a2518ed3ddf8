"""What an approver decides on: the rest of the customer's profile, and what the flags of a request rest on."""

from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE customer_copies ADD COLUMN income_band text, ADD COLUMN objectives text[],"
        " ADD COLUMN experience jsonb, ADD COLUMN horizon text, ADD COLUMN fund_source text,"
        " ADD COLUMN investor_class text"
    )
    op.execute("ALTER TABLE approvals ADD COLUMN flag_grounds jsonb NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("ALTER TABLE approvals DROP COLUMN flag_grounds")
    op.execute(
        "ALTER TABLE customer_copies DROP COLUMN income_band, DROP COLUMN objectives, DROP COLUMN experience,"
        " DROP COLUMN horizon, DROP COLUMN fund_source, DROP COLUMN investor_class"
    )
