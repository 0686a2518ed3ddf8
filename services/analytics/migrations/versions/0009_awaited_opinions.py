"""Whose opinion a request awaits: what they were told is closed when it is over."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # Replicas of before go on writing rows without it, and nobody was asked for an opinion in theirs.
    op.execute("ALTER TABLE read_model.approval_history ADD COLUMN opinion_from uuid[] NOT NULL DEFAULT '{}'")


def downgrade() -> None:
    op.execute("DELETE FROM notifications WHERE type IN ('OPINION_ASKED', 'OPINION_GIVEN', 'OPINION_ENDED')")
    op.execute("ALTER TABLE read_model.approval_history DROP COLUMN opinion_from")
