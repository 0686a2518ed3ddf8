"""Finds the recorded answers of commands that are old enough to be forgotten."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("CREATE INDEX step_results_of_commands ON step_results (at) WHERE key LIKE 'approval:%'")


def downgrade() -> None:
    op.execute("DROP INDEX step_results_of_commands")
