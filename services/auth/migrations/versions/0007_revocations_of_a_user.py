"""Each token asks from when on its user's tokens count.

Revision ID: 0007
Revises: 0006
"""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.execute("CREATE INDEX revocations_user ON revocations (user_id, not_before) WHERE user_id IS NOT NULL")


def downgrade() -> None:
    op.execute("DROP INDEX revocations_user")
