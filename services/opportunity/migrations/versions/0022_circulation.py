"""Whom requests are shown to, and what they answered."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE approval_circulation (
            id uuid PRIMARY KEY,
            approval_id uuid NOT NULL REFERENCES approvals (id),
            purpose text NOT NULL,
            user_id uuid NOT NULL,
            generation integer NOT NULL,
            revision integer NOT NULL,
            since timestamptz NOT NULL,
            due_at timestamptz,
            answered_at timestamptz,
            verdict text,
            history_id uuid REFERENCES approval_history (id),
            ended_at timestamptz,
            UNIQUE (approval_id, purpose, user_id, generation, revision),
            CHECK (purpose IN ('READ', 'REVIEW', 'CONSULT')),
            CHECK (verdict IN ('SUPPORTS', 'CONCERNED', 'CLEAR', 'FINDING')),
            CHECK ((answered_at IS NULL) = (history_id IS NULL)),
            CHECK (purpose = 'CONSULT' OR answered_at IS NULL OR ended_at IS NOT NULL)
        );
        CREATE INDEX approval_circulation_of_user ON approval_circulation (user_id, purpose, since, approval_id);
        CREATE INDEX approval_circulation_open ON approval_circulation (user_id, purpose, approval_id)
            WHERE ended_at IS NULL;
        """
    )


def downgrade() -> None:
    # Viewers saw a request from its submission on.
    op.execute(
        """
        INSERT INTO approval_participants (user_id, relation, approval_id, created_at)
            SELECT p.user_id, 'VIEWER', p.approval_id, p.created_at FROM approval_participants p
            JOIN approvals a ON a.id = p.approval_id WHERE p.relation = 'LATER' AND EXISTS
            (SELECT 1 FROM jsonb_array_elements(a.stages) AS s (stage) WHERE s.stage -> 'viewerIds' ? p.user_id::text)
            ON CONFLICT DO NOTHING;
        DELETE FROM approval_participants WHERE relation IN ('LATER', 'REVIEWER', 'CONSULTED');
        """
    )
    op.execute("DROP TABLE approval_circulation")
