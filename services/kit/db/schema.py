"""SQL of all tables that the kit's mechanisms need in a service's database.

The first migration of every service runs ``op.execute(KIT_SCHEMA)``, its downgrade ``op.execute(KIT_SCHEMA_DROP)``.
A later change to these tables is a constant of its own that a new migration of every service runs.
Neither a colon before a word nor a percent sign may stand in the text: SQLAlchemy and psycopg read them as parameters.
"""

from typing import Final

OUTBOX: Final = """
CREATE TABLE outbox (
    seq bigint GENERATED ALWAYS AS IDENTITY,
    created_at timestamptz NOT NULL,
    event_id uuid NOT NULL,
    event_type text NOT NULL,
    schema_version int NOT NULL,
    topic text NOT NULL,
    aggregate_id uuid NOT NULL,
    aggregate_version int,
    actor_id uuid,
    process_id uuid,
    traceparent text,
    data jsonb NOT NULL,
    cluster_id text,
    published_at timestamptz,
    PRIMARY KEY (seq, created_at)
) PARTITION BY RANGE (created_at);
COMMENT ON TABLE outbox IS 'Every event of this service, for ever; cluster_id null means not yet published';
CREATE INDEX outbox_unpublished ON outbox (seq) WHERE cluster_id IS NULL;
CREATE INDEX outbox_aggregate ON outbox (aggregate_id, aggregate_version);
CREATE TABLE outbox_default PARTITION OF outbox DEFAULT
    WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE TABLE outbox_state (
    only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
    cluster_id text NOT NULL,
    replayed boolean NOT NULL
);
COMMENT ON TABLE outbox_state IS 'The cluster that the relay serves, and whether rows of earlier ones were sent again';

CREATE FUNCTION ensure_outbox_partitions(first date, months int) RETURNS int LANGUAGE plpgsql AS $body$
DECLARE
    month date;
    partition text;
    created int DEFAULT 0;
BEGIN
    FOR i IN 0 .. months - 1 LOOP
        month = date_trunc('month', first + make_interval(months => i))::date;
        partition = 'outbox_' || to_char(month, 'YYYYMM');
        CONTINUE WHEN to_regclass(partition) IS NOT NULL;
        BEGIN
            EXECUTE 'CREATE TABLE ' || quote_ident(partition) || ' PARTITION OF outbox FOR VALUES FROM ('
                || quote_literal(month::timestamp AT TIME ZONE 'UTC') || ') TO ('
                || quote_literal((month + interval '1 month') AT TIME ZONE 'UTC')
                || ') WITH (autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.05)';
            created = created + 1;
        EXCEPTION WHEN check_violation THEN
            NULL; -- rows of that month already stand in the default partition, where they may stay
        END;
    END LOOP;
    RETURN created;
END $body$;
"""

INTENTS: Final = """
CREATE TABLE intents (
    seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    lane text NOT NULL CHECK (lane IN ('process', 'signal', 'timer')),
    kind text NOT NULL CHECK (kind IN ('start', 'signal', 'terminate')),
    workflow_id text NOT NULL,
    instruction jsonb NOT NULL,
    traceparent text,
    created_at timestamptz NOT NULL,
    next_attempt_at timestamptz NOT NULL,
    attempts int NOT NULL DEFAULT 0,
    last_error text,
    delivered_at timestamptz,
    outcome text
) WITH (autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE intents IS 'What the relay must tell Temporal, in order for each workflow id';
CREATE INDEX intents_due ON intents (lane, seq) WHERE delivered_at IS NULL;
CREATE INDEX intents_by_workflow ON intents (workflow_id, seq) WHERE delivered_at IS NULL;
"""

INBOX: Final = """
CREATE TABLE inbox (
    consumer text NOT NULL,
    event_id uuid NOT NULL,
    received_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, event_id)
);
CREATE TABLE consumer_positions (
    consumer text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    cluster_id text NOT NULL,
    next_offset bigint NOT NULL,
    updated_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (consumer, topic, partition)
) WITH (fillfactor = 50);
CREATE TABLE dead_letters (
    id uuid PRIMARY KEY,
    consumer text NOT NULL,
    event_id uuid,
    event_type text,
    aggregate_id uuid,
    cluster_id text NOT NULL,
    topic text NOT NULL,
    partition int NOT NULL,
    source_offset bigint NOT NULL,
    body bytea NOT NULL,
    reason text NOT NULL,
    attempts int NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    redriven_at timestamptz
);
CREATE INDEX dead_letters_open ON dead_letters (consumer, created_at) WHERE redriven_at IS NULL;
CREATE UNIQUE INDEX dead_letters_event ON dead_letters (consumer, event_id) WHERE event_id IS NOT NULL;
"""

AUDIT: Final = """
CREATE TABLE audit_entries (
    id uuid PRIMARY KEY,
    at timestamptz NOT NULL,
    actor_id uuid,
    on_behalf_of uuid,
    action text NOT NULL,
    resource_type text NOT NULL,
    resource_id uuid,
    outcome text NOT NULL,
    ip text,
    request_id text,
    process_id uuid,
    detail jsonb
);
CREATE INDEX audit_entries_resource ON audit_entries (resource_type, resource_id, at);
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    RAISE EXCEPTION 'rows of this table are only ever inserted' USING ERRCODE = 'insufficient_privilege';
END $body$;
CREATE TRIGGER audit_entries_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_entries
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""

STEPS: Final = """
CREATE TABLE step_results (
    key text PRIMARY KEY,
    result jsonb,
    at timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE processes (
    id uuid PRIMARY KEY,
    workflow_id text NOT NULL UNIQUE,
    type text NOT NULL,
    resource_id uuid NOT NULL,
    actor_id uuid,
    status text NOT NULL,
    detail text,
    total int,
    started_at timestamptz NOT NULL,
    finished_at timestamptz,
    event_version int NOT NULL DEFAULT 1
);
CREATE INDEX processes_resource ON processes (resource_id, started_at);
CREATE INDEX processes_open ON processes (started_at) WHERE finished_at IS NULL;
CREATE TABLE process_steps (
    process_id uuid NOT NULL REFERENCES processes,
    position int NOT NULL,
    name text NOT NULL,
    status text NOT NULL,
    done int,
    total int,
    started_at timestamptz,
    finished_at timestamptz,
    detail text,
    PRIMARY KEY (process_id, name)
);
"""

IDEMPOTENCY: Final = """
CREATE TABLE idempotency_keys (
    caller text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    fingerprint bytea NOT NULL,
    status int,
    headers jsonb,
    body bytea,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    PRIMARY KEY (caller, route, key)
);
CREATE INDEX idempotency_keys_expiry ON idempotency_keys (expires_at);
"""

KIT_SCHEMA: Final = OUTBOX + INTENTS + INBOX + AUDIT + STEPS + IDEMPOTENCY

RESTARTS: Final = """
ALTER TABLE processes
    ADD COLUMN start jsonb,
    ADD COLUMN decided_at timestamptz,
    ADD COLUMN turned_back_for text,
    ADD COLUMN restarts int NOT NULL DEFAULT 0,
    ADD COLUMN steps_forgotten_at timestamptz;
COMMENT ON COLUMN processes.start IS 'What starts its workflow (as in intents), should that be lost';
COMMENT ON COLUMN processes.decided_at IS 'When the pivot committed; from then on nothing can be undone';
COMMENT ON COLUMN processes.turned_back_for IS 'Why what it did is being undone; null while it goes forward';
COMMENT ON COLUMN processes.restarts IS 'How often its workflow was started again without a person asking for it';
COMMENT ON COLUMN processes.steps_forgotten_at IS 'When the recorded answers of its steps were deleted everywhere';
UPDATE processes SET start = intents.instruction FROM intents
    WHERE intents.workflow_id = processes.workflow_id AND intents.kind = 'start';
UPDATE processes SET decided_at = step.finished_at FROM process_steps AS step
    WHERE step.process_id = processes.id AND step.name = 'confirm' AND step.status = 'DONE';
CREATE INDEX step_results_by_key ON step_results (key text_pattern_ops);
CREATE INDEX processes_to_forget ON processes (finished_at) WHERE steps_forgotten_at IS NULL;
"""

RESTARTS_DROP: Final = """
DROP INDEX step_results_by_key, processes_to_forget;
ALTER TABLE processes DROP COLUMN start, DROP COLUMN decided_at, DROP COLUMN turned_back_for, DROP COLUMN restarts,
    DROP COLUMN steps_forgotten_at;
"""

KIT_SCHEMA_DROP: Final = """
DROP TABLE idempotency_keys, process_steps, processes, step_results, audit_entries, dead_letters, consumer_positions,
    inbox, intents, outbox_state, outbox;
DROP FUNCTION refuse_change();
DROP FUNCTION ensure_outbox_partitions(date, int);
"""
