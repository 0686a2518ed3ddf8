"""An end of a proxy before its time is a fact, not a time that each replica compares with a clock of its own."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE approval_proxies ADD COLUMN ended boolean NOT NULL DEFAULT false;
        CREATE INDEX approval_history_by_proxy ON approval_history (on_behalf_of, actor_id, at)
            WHERE on_behalf_of IS NOT NULL;
        """
    )


def downgrade() -> None:
    op.execute("DROP INDEX approval_history_by_proxy; ALTER TABLE approval_proxies DROP COLUMN ended")
