"""The amounts of a route have a currency. Those of before were meant in yen: it was the only one that forms knew."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE approval_routes ADD COLUMN currency text NOT NULL DEFAULT 'JPY'")


def downgrade() -> None:
    op.execute("ALTER TABLE approval_routes DROP COLUMN currency")
