"""Approval requests, their history, routes and proxies, and copies of users and customers."""

from alembic import op

from services.kit.db.schema import KIT_SCHEMA, KIT_SCHEMA_DROP

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

COPIES = """
CREATE TABLE user_copies (
    id uuid PRIMARY KEY,
    name text,
    email text,
    state text,
    manager_id uuid,
    roles text[],
    aggregate_version int NOT NULL,
    blocked_by_process uuid
);
CREATE INDEX user_copies_manager ON user_copies (manager_id);
CREATE TABLE customer_copies (
    id uuid PRIMARY KEY,
    name text,
    kind text,
    relationship text,
    state text,
    assigned_sales_id uuid,
    birth_date date,
    risk_tolerance text,
    assets_band text,
    profile_complete boolean,
    profile_reviewed_at timestamptz,
    aggregate_version int NOT NULL,
    blocked_by_process uuid
);
CREATE FUNCTION team_of(leader uuid) RETURNS SETOF uuid LANGUAGE sql STABLE ROWS 50 AS $body$
    WITH RECURSIVE team AS (
        SELECT leader AS id
        UNION
        SELECT u.id FROM user_copies u JOIN team t ON u.manager_id = t.id
    )
    SELECT id FROM team
$body$;
"""

APPROVALS = """
CREATE TABLE approvals (
    id uuid PRIMARY KEY,
    number text NOT NULL UNIQUE,
    customer_id uuid,
    requester_id uuid NOT NULL,
    owner_id uuid NOT NULL,
    kind text NOT NULL,
    title text NOT NULL,
    description text NOT NULL,
    amount bigint,
    currency text NOT NULL,
    state text NOT NULL,
    state_before text,
    held_by uuid,
    cancelled_by uuid,
    restored_by uuid,
    generation int NOT NULL,
    revision int NOT NULL,
    stage int NOT NULL,
    stages jsonb NOT NULL,
    approved_by uuid[] NOT NULL,
    flags text[] NOT NULL,
    route_id uuid,
    wish jsonb,
    previous_id uuid,
    process_id uuid,
    deadline_at timestamptz,
    clock_left_seconds double precision,
    reminded_at timestamptz,
    escalated_at timestamptz,
    submitted_at timestamptz,
    decided_at timestamptz,
    decided_by uuid,
    history_length int NOT NULL,
    history_head text NOT NULL,
    version int NOT NULL,
    event_version int NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.05);
CREATE INDEX approvals_created ON approvals (created_at, id);
CREATE INDEX approvals_requester ON approvals (requester_id, created_at, id);
CREATE INDEX approvals_customer ON approvals (customer_id, created_at, id);
CREATE INDEX approvals_state ON approvals (state, created_at, id);
CREATE INDEX approvals_owner_state ON approvals (owner_id, state);
CREATE INDEX approvals_held_by ON approvals (held_by);
CREATE INDEX approvals_cancelled_by ON approvals (cancelled_by);
CREATE INDEX approvals_restored_by ON approvals (restored_by);
CREATE TABLE approval_participants (
    user_id uuid NOT NULL,
    approval_id uuid NOT NULL REFERENCES approvals,
    relation text NOT NULL,
    PRIMARY KEY (user_id, relation, approval_id)
);
CREATE INDEX approval_participants_approval ON approval_participants (approval_id);
CREATE TABLE approval_waiting (
    approver_id uuid NOT NULL,
    approval_id uuid NOT NULL REFERENCES approvals,
    since timestamptz NOT NULL,
    deadline_at timestamptz NOT NULL,
    PRIMARY KEY (approver_id, approval_id)
) WITH (autovacuum_vacuum_scale_factor = 0.02);
CREATE INDEX approval_waiting_since ON approval_waiting (approver_id, since, approval_id);
CREATE INDEX approval_waiting_deadline ON approval_waiting (approver_id, deadline_at, approval_id);
CREATE INDEX approval_waiting_approval ON approval_waiting (approval_id);
"""

EVIDENCE = """
CREATE TABLE approval_votes (
    approval_id uuid NOT NULL REFERENCES approvals,
    generation int NOT NULL,
    revision int NOT NULL,
    stage int NOT NULL,
    approver_id uuid NOT NULL,
    voter_id uuid NOT NULL,
    decision text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (approval_id, generation, revision, stage, approver_id)
);
CREATE TABLE approval_history (
    id uuid PRIMARY KEY,
    approval_id uuid NOT NULL REFERENCES approvals,
    sequence int NOT NULL,
    at timestamptz NOT NULL,
    action text NOT NULL,
    actor_id uuid,
    on_behalf_of uuid,
    role text NOT NULL,
    generation int NOT NULL,
    stage int NOT NULL,
    revision int NOT NULL,
    state text NOT NULL,
    process_id uuid,
    commitment text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL,
    UNIQUE (approval_id, sequence)
);
CREATE TABLE approval_history_personal (
    history_id uuid PRIMARY KEY REFERENCES approval_history,
    salt bytea NOT NULL,
    content jsonb NOT NULL
);
COMMENT ON TABLE approval_history_personal IS
    'Comment, snapshot and salt of an entry; may be erased, the chain still verifies';
CREATE TRIGGER approval_history_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON approval_history
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE approval_comments (
    id uuid PRIMARY KEY,
    approval_id uuid NOT NULL REFERENCES approvals,
    author_id uuid NOT NULL,
    body text NOT NULL,
    purpose text NOT NULL,
    history_id uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX approval_comments_approval ON approval_comments (approval_id, created_at, id);
CREATE TABLE approval_commands (
    key text PRIMARY KEY,
    fingerprint bytea,
    comment_id uuid,
    created_at timestamptz NOT NULL
);
CREATE INDEX approval_commands_created ON approval_commands (created_at);
"""

RULES = """
CREATE TABLE approval_routes (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    kind text,
    min_amount bigint,
    max_amount bigint,
    min_age int,
    risk_tolerances text[] NOT NULL,
    priority int NOT NULL,
    stages jsonb NOT NULL,
    active boolean NOT NULL,
    version int NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);
CREATE TABLE approval_proxies (
    id uuid PRIMARY KEY,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL,
    version int NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    CHECK (starts_at < ends_at),
    CHECK (from_id <> to_id)
);
CREATE INDEX approval_proxies_to ON approval_proxies (to_id, ends_at);
CREATE INDEX approval_proxies_from ON approval_proxies (from_id, ends_at);
CREATE TABLE approval_moves (
    id uuid PRIMARY KEY,
    process_id uuid NOT NULL,
    kind text NOT NULL,
    resource_id uuid NOT NULL,
    from_id uuid NOT NULL,
    to_id uuid,
    detail jsonb NOT NULL,
    moved_at timestamptz NOT NULL,
    returned_by uuid
);
CREATE INDEX approval_moves_process ON approval_moves (process_id, returned_by);
CREATE TABLE approval_successions (
    process_id uuid NOT NULL,
    user_id uuid NOT NULL,
    successor_id uuid NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (user_id, process_id)
);
COMMENT ON TABLE approval_successions IS 'Who took a leaver over, for requests that come back later';
CREATE FUNCTION next_approval_number(year int) RETURNS bigint LANGUAGE plpgsql AS $body$
BEGIN
    -- Once a year somebody is the first, and the others wait for that transaction.
    IF to_regclass('approval_number_' || year) IS NULL THEN
        PERFORM pg_advisory_xact_lock(hashtext('approval_number'), year);
        EXECUTE 'CREATE SEQUENCE IF NOT EXISTS approval_number_' || year;
    END IF;
    RETURN nextval(('approval_number_' || year)::regclass);
END $body$;
"""


def upgrade() -> None:
    for part in (KIT_SCHEMA, COPIES, APPROVALS, EVIDENCE, RULES):
        op.execute(part)


def downgrade() -> None:
    op.execute(
        """
        DROP FUNCTION next_approval_number(int);
        DO $body$
        DECLARE
            counter regclass;
        BEGIN
            FOR counter IN
                SELECT oid::regclass FROM pg_class WHERE relkind = 'S' AND starts_with(relname, 'approval_number_')
            LOOP
                EXECUTE 'DROP SEQUENCE ' || counter;
            END LOOP;
        END $body$;
        DROP TABLE approval_successions, approval_moves, approval_proxies, approval_routes, approval_commands,
            approval_comments, approval_history_personal, approval_history, approval_votes, approval_waiting,
            approval_participants, approvals;
        DROP FUNCTION team_of(uuid);
        DROP TABLE customer_copies, user_copies;
        """
    )
    op.execute(KIT_SCHEMA_DROP)
