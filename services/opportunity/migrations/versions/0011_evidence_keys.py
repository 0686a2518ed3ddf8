"""Keys that sign dossiers. Nobody takes one away: what it signed could not be verified any more."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE evidence_keys (
            kid text PRIMARY KEY,
            sealed_private_key bytea,
            public_key bytea NOT NULL,
            created_at timestamptz NOT NULL,
            retired_at timestamptz
        );
        CREATE TRIGGER evidence_keys_kept BEFORE DELETE OR TRUNCATE ON evidence_keys
            FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE evidence_keys")
