"""From when a superior may decide in an approver's place, and by which right they did."""

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # No stage that is under way allows it.
    op.execute(
        """
        ALTER TABLE approval_waiting ADD COLUMN step_in_from timestamptz;
        CREATE INDEX approval_waiting_step_in ON approval_waiting (approver_id, step_in_from, approval_id)
            WHERE step_in_from IS NOT NULL;
        ALTER TABLE approval_votes ADD COLUMN step_in_from timestamptz;
        """
    )


def downgrade() -> None:
    op.execute("ALTER TABLE approval_votes DROP COLUMN step_in_from")
    op.execute("ALTER TABLE approval_waiting DROP COLUMN step_in_from")
