"""The analytics database: kit tables, read models, notifications, reference copies."""

from typing import Final

from alembic import op

from services.kit.db.schema import KIT_SCHEMA, KIT_SCHEMA_DROP

revision = "0001"
down_revision = None

READ_MODELS: Final = """
CREATE SCHEMA read_model;
CREATE TABLE read_model.aggregated_metrics (
    metric text NOT NULL,
    day date NOT NULL,
    rep_id uuid NOT NULL,
    count bigint NOT NULL,
    amount bigint NOT NULL,
    PRIMARY KEY (metric, day, rep_id)
);
CREATE TABLE read_model.approval_history (
    approval_id uuid NOT NULL,
    version int NOT NULL,
    event_type text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    customer_id uuid,
    requester_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    kind text NOT NULL,
    amount bigint,
    state text NOT NULL,
    generation int NOT NULL,
    revision int NOT NULL,
    stage int NOT NULL,
    approver_ids uuid[] NOT NULL,
    waiting_for uuid[] NOT NULL,
    deadline_at timestamptz,
    previous_id uuid,
    submitted_at timestamptz,
    decided_at timestamptz,
    acted_by uuid,
    PRIMARY KEY (approval_id, version)
);
CREATE INDEX approval_history_acted ON read_model.approval_history (acted_by, valid_from);
CREATE INDEX approval_history_decided ON read_model.approval_history (decided_at);
CREATE INDEX approval_history_open ON read_model.approval_history (valid_to)
    WHERE state IN ('PENDING', 'RETURNED', 'ON_HOLD');
CREATE INDEX approval_history_submitted ON read_model.approval_history (submitted_at);
CREATE TABLE read_model.customer_history (
    customer_id uuid NOT NULL,
    version int NOT NULL,
    event_type text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    state text NOT NULL,
    kind text NOT NULL,
    assigned_sales_id uuid NOT NULL,
    birth_date date,
    risk_tolerance text,
    assets_band text,
    profile_complete boolean NOT NULL,
    profile_reviewed_at timestamptz,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, version)
);
CREATE INDEX customer_history_valid ON read_model.customer_history (valid_to);
CREATE TABLE read_model.meeting_history (
    meeting_id uuid NOT NULL,
    version int NOT NULL,
    event_type text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    customer_id uuid NOT NULL,
    user_id uuid NOT NULL,
    state text NOT NULL,
    starts_at timestamptz NOT NULL,
    deleted boolean NOT NULL,
    PRIMARY KEY (meeting_id, version)
);
CREATE INDEX meeting_history_held ON read_model.meeting_history (customer_id, starts_at)
    WHERE state = 'HELD';
CREATE INDEX meeting_history_starts ON read_model.meeting_history (starts_at);
CREATE TABLE read_model.process_views (
    process_id uuid NOT NULL,
    version int NOT NULL,
    workflow_id text NOT NULL,
    type text NOT NULL,
    resource_id uuid NOT NULL,
    actor_id uuid,
    status text NOT NULL,
    detail text,
    steps jsonb NOT NULL,
    progress jsonb NOT NULL,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    PRIMARY KEY (process_id)
);
CREATE INDEX process_views_resource ON read_model.process_views (resource_id, started_at);
CREATE INDEX process_views_started ON read_model.process_views (started_at, process_id);
CREATE TABLE read_model.task_history (
    task_id uuid NOT NULL,
    version int NOT NULL,
    event_type text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    customer_id uuid,
    user_id uuid NOT NULL,
    state text NOT NULL,
    due_date timestamptz,
    completed_at timestamptz,
    deleted boolean NOT NULL,
    PRIMARY KEY (task_id, version)
);
CREATE INDEX task_history_due ON read_model.task_history (due_date);
CREATE INDEX task_history_open ON read_model.task_history (due_date)
    WHERE valid_to = 'infinity' AND state IN ('OPEN', 'IN_PROGRESS');
CREATE TABLE read_model.user_history (
    user_id uuid NOT NULL,
    version int NOT NULL,
    event_type text NOT NULL,
    valid_from timestamptz NOT NULL,
    valid_to timestamptz NOT NULL DEFAULT 'infinity',
    state text NOT NULL,
    manager_id uuid,
    roles text[] NOT NULL,
    PRIMARY KEY (user_id, version)
);
CREATE INDEX user_history_valid ON read_model.user_history (user_id, valid_to);
CREATE TABLE projection_revisions (
    projection text NOT NULL,
    revision bigint NOT NULL,
    last_event_at timestamptz NOT NULL,
    PRIMARY KEY (projection)
);
"""

NOTIFICATIONS: Final = """
CREATE TABLE notification_preferences (
    user_id uuid NOT NULL,
    type text NOT NULL,
    in_app boolean NOT NULL,
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, type)
);
CREATE TABLE notifications (
    id uuid NOT NULL,
    seq bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    source_id uuid NOT NULL,
    recipient_id uuid NOT NULL,
    channel text NOT NULL,
    type text NOT NULL,
    params jsonb NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid NOT NULL,
    customer_id uuid,
    created_at timestamptz NOT NULL,
    read_at timestamptz,
    deleted_at timestamptz,
    event_version int NOT NULL DEFAULT 1,
    PRIMARY KEY (id)
);
CREATE INDEX notifications_list ON notifications (recipient_id, seq) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX notifications_once ON notifications (source_id, recipient_id, channel);
CREATE UNIQUE INDEX notifications_seq ON notifications (seq);
CREATE INDEX notifications_unread ON notifications (recipient_id) WHERE deleted_at IS NULL AND read_at IS NULL;
"""

COPIES: Final = """
CREATE TABLE customer_copies (
    id uuid NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    assigned_sales_id uuid NOT NULL,
    aggregate_version int NOT NULL,
    blocked_by_process uuid,
    PRIMARY KEY (id)
);
CREATE TABLE user_copies (
    id uuid NOT NULL,
    name text NOT NULL,
    state text NOT NULL,
    manager_id uuid,
    roles text[] NOT NULL,
    aggregate_version int NOT NULL,
    blocked_by_process uuid,
    PRIMARY KEY (id)
);
CREATE INDEX user_copies_manager ON user_copies (manager_id);

CREATE FUNCTION team_of(leader uuid) RETURNS TABLE (id uuid) LANGUAGE sql STABLE AS $body$
    WITH RECURSIVE team (id) AS (
        SELECT leader
        UNION
        SELECT u.id FROM user_copies u JOIN team ON u.manager_id = team.id
    )
    SELECT id FROM team
$body$;
COMMENT ON FUNCTION team_of(uuid) IS 'The user and everyone who reports to them, transitively';
"""


def upgrade() -> None:
    op.execute(KIT_SCHEMA)
    op.execute(READ_MODELS)
    op.execute(NOTIFICATIONS)
    op.execute(COPIES)


def downgrade() -> None:
    op.execute("DROP FUNCTION team_of(uuid)")
    op.execute("DROP TABLE customer_copies, user_copies, notification_preferences, notifications, projection_revisions")
    op.execute("DROP SCHEMA read_model CASCADE")
    op.execute(KIT_SCHEMA_DROP)
