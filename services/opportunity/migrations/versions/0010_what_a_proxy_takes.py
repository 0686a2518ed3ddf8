"""Whether a proxy also takes what waits already when it begins, and since when what was decided had waited."""

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE approval_proxies ADD COLUMN takes_waiting boolean NOT NULL DEFAULT true;
        ALTER TABLE approval_votes ADD COLUMN waiting_since timestamptz;
        """
    )


def downgrade() -> None:
    op.execute(
        "ALTER TABLE approval_votes DROP COLUMN waiting_since; ALTER TABLE approval_proxies DROP COLUMN takes_waiting"
    )
