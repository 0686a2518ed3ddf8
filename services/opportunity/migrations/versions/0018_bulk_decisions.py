"""One decision on many requests, as a batch that a process works off. An item ends once."""

from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute(
        """
        CREATE TABLE bulk_decisions (
            id uuid PRIMARY KEY,
            actor_id uuid NOT NULL,
            decision text NOT NULL,
            comment text,
            attempt integer NOT NULL,
            process_id uuid NOT NULL,
            ip text,
            request_id text,
            created_at timestamptz NOT NULL,
            changed_at timestamptz NOT NULL,
            cancelled_at timestamptz,
            CHECK (decision IN ('APPROVE', 'REJECT', 'RETURN')),
            CHECK (attempt > 0)
        );
        CREATE INDEX bulk_decisions_actor ON bulk_decisions (actor_id, created_at, id);
        CREATE INDEX bulk_decisions_all ON bulk_decisions (created_at, id);
        CREATE INDEX bulk_decisions_changed ON bulk_decisions (changed_at);

        CREATE TABLE bulk_decision_items (
            batch_id uuid NOT NULL REFERENCES bulk_decisions (id) ON DELETE CASCADE,
            position integer NOT NULL,
            approval_id uuid NOT NULL,
            revision integer,
            stage integer,
            acknowledged_flags text[] NOT NULL,
            attempt integer NOT NULL,
            status text NOT NULL,
            problem jsonb,
            ended_at timestamptz,
            PRIMARY KEY (batch_id, position),
            UNIQUE (batch_id, approval_id),
            CHECK (status IN ('WAITING', 'DECIDED', 'REFUSED', 'FAILED', 'CANCELLED')),
            CHECK ((status = 'WAITING') = (ended_at IS NULL)),
            CHECK ((status IN ('REFUSED', 'FAILED')) = (problem IS NOT NULL))
        );
        """
    )


def downgrade() -> None:
    op.execute("DROP TABLE bulk_decision_items, bulk_decisions")
