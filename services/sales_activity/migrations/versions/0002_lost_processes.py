"""What the ledger needs to start a process again whose workflow was lost."""

from alembic import op

from services.kit.db.schema import RESTARTS, RESTARTS_DROP

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(RESTARTS)


def downgrade() -> None:
    op.execute(RESTARTS_DROP)
