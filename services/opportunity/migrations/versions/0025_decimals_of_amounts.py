"""Amounts with the decimals of their currency, beside the whole ones that replicas of before read.

Nothing is rewritten and no row is touched: an amount that is whole has its old column only. The constraint is not
validated, as no row of before has anything that it could speak of; it refuses what a replica of before would write
over an amount with decimals, which would leave the two apart.
"""

from typing import Final

from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None

EXACT: Final = """
ALTER TABLE approvals ADD COLUMN exact_amount numeric;
ALTER TABLE approvals ADD CONSTRAINT approvals_exact_amount
    CHECK (exact_amount IS NULL OR amount IS NOT DISTINCT FROM ceil(exact_amount)) NOT VALID;
ALTER TABLE approval_route_versions ADD COLUMN exact_min_amount numeric, ADD COLUMN exact_max_amount numeric
"""
BACK: Final = """
ALTER TABLE approval_route_versions DROP COLUMN exact_min_amount, DROP COLUMN exact_max_amount;
ALTER TABLE approvals DROP COLUMN exact_amount
"""


def upgrade() -> None:
    op.execute(EXACT)


def downgrade() -> None:
    """What has decimals is left rounded up."""
    op.execute(BACK)
