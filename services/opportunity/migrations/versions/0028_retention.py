"""How long files are kept, what holds them beyond that, and what was purged when and by which rule."""

from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        ALTER TABLE firm_settings
            ADD retention_years integer NOT NULL DEFAULT 10 CHECK (retention_years BETWEEN 7 AND 100),
            ADD abandoned_draft_days integer NOT NULL DEFAULT 180 CHECK (abandoned_draft_days BETWEEN 30 AND 3650);
        ALTER TABLE approval_attachments
            ADD purge_rule text CHECK (purge_rule IN ('RETENTION', 'ABANDONED_DRAFT')),
            ADD purge_term integer,
            ADD purge_begun_at timestamptz,
            ADD purged_at timestamptz,
            ADD CHECK ((purge_rule IS NULL) = (purge_begun_at IS NULL)
                AND (purge_rule IS NULL) = (purge_term IS NULL)),
            ADD CHECK (purged_at IS NULL OR purge_begun_at IS NOT NULL);
        CREATE INDEX approval_attachments_purging ON approval_attachments (approval_id)
            WHERE purge_begun_at IS NOT NULL AND purged_at IS NULL;
        CREATE TABLE legal_holds (
            id uuid PRIMARY KEY,
            approval_id uuid NOT NULL REFERENCES approvals (id),
            office text NOT NULL,
            reason text NOT NULL,
            set_by uuid NOT NULL,
            set_at timestamptz NOT NULL,
            released_by uuid,
            released_at timestamptz,
            release_reason text,
            CHECK (office IN ('ADMINISTRATION', 'AUDIT')),
            CHECK ((released_at IS NULL) = (released_by IS NULL) AND (released_at IS NULL) = (release_reason IS NULL))
        );
        CREATE UNIQUE INDEX legal_holds_open ON legal_holds (approval_id, office) WHERE released_at IS NULL;
        CREATE INDEX legal_holds_listed ON legal_holds (set_at, id) WHERE released_at IS NULL;
        CREATE INDEX legal_holds_of ON legal_holds (approval_id);
        CREATE TABLE purge_runs (
            id uuid PRIMARY KEY,
            started_at timestamptz NOT NULL,
            finished_at timestamptz,
            after_id uuid,
            requests integer NOT NULL DEFAULT 0,
            files integer NOT NULL DEFAULT 0,
            bytes bigint NOT NULL DEFAULT 0
        );
        CREATE INDEX purge_runs_started ON purge_runs (started_at);
        """
    )


def downgrade() -> None:
    op.execute(
        """
        DROP TABLE purge_runs, legal_holds;
        ALTER TABLE approval_attachments
            DROP purge_rule, DROP purge_term, DROP purge_begun_at, DROP purged_at;
        ALTER TABLE firm_settings DROP retention_years, DROP abandoned_draft_days;
        """
    )
