"""What a request's kind asks for: its own fields."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        "ALTER TABLE approvals ADD COLUMN fields jsonb NOT NULL DEFAULT '{}',"
        " ADD CONSTRAINT approvals_fields_object CHECK (jsonb_typeof(fields) = 'object')"
    )


def downgrade() -> None:
    op.execute("ALTER TABLE approvals DROP COLUMN fields")
