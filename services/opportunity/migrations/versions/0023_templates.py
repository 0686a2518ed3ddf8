"""Templates of requests: one's own, and those of the firm."""

from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE approval_templates (
            id uuid PRIMARY KEY,
            owner_id uuid,
            name text NOT NULL,
            content jsonb NOT NULL,
            version integer NOT NULL,
            created_by uuid NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL
        );
        CREATE INDEX approval_templates_owner ON approval_templates (owner_id, name, id);
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE approval_templates")
