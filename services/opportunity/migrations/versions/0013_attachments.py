"""Files of a request. Rows stay; the file of a row stays as evidence once a revision was submitted with it."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE approval_attachments (
            id uuid PRIMARY KEY,
            approval_id uuid NOT NULL REFERENCES approvals (id),
            revision integer NOT NULL,
            name text NOT NULL,
            media_type text NOT NULL,
            size bigint NOT NULL,
            sha256 text NOT NULL,
            state text NOT NULL,
            found text,
            uploaded_by uuid NOT NULL,
            uploaded_at timestamptz NOT NULL,
            removed_by uuid,
            removed_at timestamptz,
            removed_revision integer,
            scan_after timestamptz,
            scans integer NOT NULL DEFAULT 0,
            CHECK (size > 0),
            CHECK (sha256 ~ '^[0-9a-f]{64}$'),
            CHECK (state IN ('QUARANTINED', 'CLEAN', 'INFECTED')),
            CHECK ((removed_at IS NULL) = (removed_revision IS NULL))
        );
        CREATE INDEX approval_attachments_approval ON approval_attachments (approval_id, uploaded_at, id);
        CREATE INDEX approval_attachments_to_scan ON approval_attachments (scan_after) WHERE state = 'QUARANTINED';
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE approval_attachments")
