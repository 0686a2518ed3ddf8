"""Copies of departments, and to which of them each user belongs."""

from alembic import op

revision = "0027"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE department_copies (
            id uuid PRIMARY KEY,
            name text,
            parent_id uuid,
            head_id uuid,
            deleted boolean NOT NULL DEFAULT false,
            aggregate_version integer NOT NULL,
            blocked_by_process uuid
        );
        CREATE INDEX department_copies_head ON department_copies (head_id);
        ALTER TABLE user_copies ADD COLUMN department_id uuid;
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE department_copies; ALTER TABLE user_copies DROP COLUMN department_id")
