"""An index for who asks again for what."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX approvals_previous ON approvals (previous_id) WHERE previous_id IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX approvals_previous")
