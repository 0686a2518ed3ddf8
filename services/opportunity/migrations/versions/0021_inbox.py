"""What each person makes of their inbox: views that they saved, and requests that they set aside for a while."""

from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE inbox_views (
            id uuid PRIMARY KEY,
            user_id uuid NOT NULL,
            name text NOT NULL,
            name_key text NOT NULL,
            filter jsonb NOT NULL,
            is_default boolean NOT NULL,
            version integer NOT NULL,
            created_at timestamptz NOT NULL,
            updated_at timestamptz NOT NULL,
            UNIQUE (user_id, name_key)
        );
        CREATE UNIQUE INDEX inbox_views_default ON inbox_views (user_id) WHERE is_default;

        CREATE TABLE inbox_snoozes (
            user_id uuid NOT NULL,
            approval_id uuid NOT NULL REFERENCES approvals (id),
            until timestamptz NOT NULL,
            history_length integer NOT NULL,
            created_at timestamptz NOT NULL,
            PRIMARY KEY (user_id, approval_id)
        );
        CREATE INDEX inbox_snoozes_approval ON inbox_snoozes (approval_id);
        CREATE INDEX inbox_snoozes_until ON inbox_snoozes (until);
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE inbox_snoozes, inbox_views")
