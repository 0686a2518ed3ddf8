"""Tables of the kit; meetings, tasks, copies of users and customers, what leavers handed over."""

from alembic import op

from services.kit.db.schema import KIT_SCHEMA, KIT_SCHEMA_DROP

revision = "0001"
down_revision = None

_TABLES = """
CREATE TABLE meetings (
    id uuid PRIMARY KEY,
    customer_id uuid NOT NULL,
    user_id uuid NOT NULL,
    attendee_ids uuid[] NOT NULL DEFAULT '{}',
    title text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    place text,
    agenda text,
    outcome text,
    next_step text,
    state text NOT NULL CONSTRAINT meetings_state CHECK (state IN ('PLANNED', 'HELD', 'CANCELLED')),
    version int NOT NULL,
    event_version int NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    hidden_by_process uuid,
    CONSTRAINT meetings_period CHECK (ends_at > starts_at)
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX meetings_by_customer ON meetings (customer_id, starts_at, id) WHERE deleted_at IS NULL;
CREATE INDEX meetings_by_user ON meetings (user_id, starts_at, id) WHERE deleted_at IS NULL;
CREATE INDEX meetings_by_start ON meetings (starts_at, id) WHERE deleted_at IS NULL;
CREATE INDEX meetings_by_attendee ON meetings USING gin (attendee_ids);
CREATE INDEX meetings_hidden ON meetings (hidden_by_process, id) WHERE hidden_by_process IS NOT NULL;

CREATE TABLE tasks (
    id uuid PRIMARY KEY,
    customer_id uuid,
    user_id uuid NOT NULL,
    title text NOT NULL,
    description text,
    priority text NOT NULL CONSTRAINT tasks_priority CHECK (priority IN ('LOW', 'NORMAL', 'HIGH', 'URGENT')),
    due_date timestamptz,
    lead_hours int NOT NULL DEFAULT 24,
    state text NOT NULL CONSTRAINT tasks_state CHECK (state IN ('OPEN', 'IN_PROGRESS', 'COMPLETED', 'CANCELLED')),
    completed_at timestamptz,
    due_soon_for timestamptz,
    overdue_for timestamptz,
    timed boolean NOT NULL GENERATED ALWAYS AS
        (state IN ('OPEN', 'IN_PROGRESS') AND due_date IS NOT NULL AND overdue_for IS DISTINCT FROM due_date) STORED,
    version int NOT NULL,
    event_version int NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    hidden_by_process uuid
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX tasks_by_customer ON tasks (customer_id, coalesce(due_date, 'infinity'::timestamptz), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_user ON tasks (user_id, coalesce(due_date, 'infinity'::timestamptz), id)
    WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_due_date ON tasks (coalesce(due_date, 'infinity'::timestamptz), id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_by_creation ON tasks (created_at, id) WHERE deleted_at IS NULL;
CREATE INDEX tasks_awaiting_due ON tasks (due_date, id) WHERE deleted_at IS NULL AND timed;
CREATE INDEX tasks_hidden ON tasks (hidden_by_process, id) WHERE hidden_by_process IS NOT NULL;

CREATE TABLE user_copies (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    email text,
    state text NOT NULL,
    manager_id uuid,
    roles text[] NOT NULL DEFAULT '{}',
    aggregate_version int NOT NULL,
    blocked_by_process uuid
);
CREATE INDEX user_copies_by_manager ON user_copies (manager_id);

CREATE TABLE customer_copies (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text NOT NULL,
    state text NOT NULL,
    assigned_sales_id uuid,
    birth_date date,
    risk_tolerance text,
    aggregate_version int NOT NULL,
    blocked_by_process uuid
);
CREATE INDEX customer_copies_by_sales ON customer_copies (assigned_sales_id);

CREATE TABLE successions (
    process_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    successor_id uuid NOT NULL,
    at timestamptz NOT NULL,
    undone_by uuid
);
CREATE INDEX successions_by_user ON successions (user_id, at);

CREATE TABLE moves (
    process_id uuid NOT NULL,
    kind text NOT NULL CONSTRAINT moves_kind CHECK (kind IN ('task', 'meeting', 'attendance')),
    record_id uuid NOT NULL,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    merged boolean NOT NULL DEFAULT false,
    at timestamptz NOT NULL,
    returned_by uuid,
    PRIMARY KEY (process_id, kind, record_id)
);
CREATE INDEX moves_open ON moves (process_id, kind, record_id) WHERE returned_by IS NULL;

CREATE FUNCTION team_of(leader uuid) RETURNS SETOF uuid LANGUAGE sql STABLE AS $body$
    WITH RECURSIVE team (id) AS (
        SELECT leader UNION SELECT u.id FROM user_copies AS u JOIN team ON u.manager_id = team.id
    )
    SELECT id FROM team
$body$;
COMMENT ON FUNCTION team_of IS 'The user and everybody who reports to them, transitively';
"""

_TABLES_DROP = """
DROP FUNCTION team_of(uuid);
DROP TABLE moves, successions, customer_copies, user_copies, tasks, meetings;
"""


def upgrade() -> None:
    op.execute(KIT_SCHEMA)
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute(_TABLES_DROP)
    op.execute(KIT_SCHEMA_DROP)
