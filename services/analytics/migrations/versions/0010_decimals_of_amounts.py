"""Amounts with the decimals of their currency.

PostgreSQL rewrites both tables, while reports and the projection wait; events wait with it, and no decision does.
"""

from typing import Final

from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

EXACT: Final = """
ALTER TABLE read_model.approval_history ALTER COLUMN amount TYPE numeric;
ALTER TABLE read_model.aggregated_metrics ALTER COLUMN amount TYPE numeric
"""
BACK: Final = """
ALTER TABLE read_model.approval_history ALTER COLUMN amount TYPE bigint USING ceil(amount);
ALTER TABLE read_model.aggregated_metrics ALTER COLUMN amount TYPE bigint USING ceil(amount)
"""


def upgrade() -> None:
    op.execute(EXACT)


def downgrade() -> None:
    """What has decimals is left rounded up."""
    op.execute(BACK)
