"""意見照会: who was asked for an opinion in the current stage of a request, and what came of it."""

from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("ALTER TABLE approvals ADD COLUMN opinions jsonb")


def downgrade() -> None:
    op.execute("DELETE FROM approval_participants WHERE relation IN ('ASKED', 'ADVISED')")
    op.execute("ALTER TABLE approvals DROP COLUMN opinions")
