"""What can be taken back: the approval that was given last."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE approvals ADD COLUMN last_approval jsonb")


def downgrade() -> None:
    op.execute("ALTER TABLE approvals DROP COLUMN last_approval")
