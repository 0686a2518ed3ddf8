"""Users, sessions, signing keys, throttling and the audit log.

Revision ID: 0001
Revises:
"""

from alembic import op

from services.kit.db.schema import KIT_SCHEMA, KIT_SCHEMA_DROP

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE users (
    id uuid PRIMARY KEY,
    email text NOT NULL UNIQUE,
    name text NOT NULL,
    password_hash text NOT NULL,
    roles text[] NOT NULL,
    manager_id uuid REFERENCES users,
    state text NOT NULL CHECK (state IN ('ACTIVE', 'LOCKED', 'SUSPENDED', 'DEACTIVATING', 'DELETED')),
    state_before text,
    version int NOT NULL DEFAULT 1,
    event_version int NOT NULL DEFAULT 1,
    blocked_by_process uuid,
    deletion_process_id uuid,
    generation int NOT NULL DEFAULT 0,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz,
    totp_secret bytea,
    totp_confirmed_at timestamptz,
    totp_last_step bigint
);
CREATE INDEX ix_users_manager_id ON users (manager_id);
CREATE INDEX users_name ON users (name, id);
CREATE INDEX users_created_at ON users (created_at, id);
CREATE TABLE recovery_codes (
    user_id uuid NOT NULL REFERENCES users,
    code_hash bytea NOT NULL,
    used_at timestamptz,
    PRIMARY KEY (user_id, code_hash)
);
CREATE TABLE password_resets (
    token_hash bytea PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    expires_at timestamptz NOT NULL,
    used_at timestamptz
);
CREATE INDEX ix_password_resets_user_id ON password_resets (user_id);
CREATE TABLE sessions (
    id uuid PRIMARY KEY,
    user_id uuid NOT NULL REFERENCES users,
    generation int NOT NULL,
    rotated_at timestamptz NOT NULL,
    created_at timestamptz NOT NULL,
    last_used_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text,
    ip text,
    user_agent text
);
CREATE INDEX ix_sessions_user_id ON sessions (user_id);
CREATE TABLE refresh_tokens (
    token_hash bytea PRIMARY KEY,
    session_id uuid NOT NULL REFERENCES sessions ON DELETE CASCADE,
    generation int NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX ix_refresh_tokens_session_id ON refresh_tokens (session_id);
CREATE TABLE signing_keys (
    kid text PRIMARY KEY,
    sealed_private_key bytea NOT NULL,
    public_key bytea NOT NULL,
    created_at timestamptz NOT NULL,
    retired_at timestamptz
);
CREATE UNIQUE INDEX signing_keys_one_active ON signing_keys ((true)) WHERE retired_at IS NULL;
CREATE TABLE revocations (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    session_id uuid,
    user_id uuid,
    not_before timestamptz,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL
);
CREATE INDEX revocations_expiry ON revocations (expires_at);
CREATE TABLE login_attempts (
    scope text NOT NULL,
    key_hash bytea NOT NULL,
    failures int NOT NULL,
    window_ends_at timestamptz NOT NULL,
    PRIMARY KEY (scope, key_hash)
);
CREATE TABLE known_addresses (
    user_id uuid NOT NULL REFERENCES users,
    address_hash bytea NOT NULL,
    last_success_at timestamptz NOT NULL,
    PRIMARY KEY (user_id, address_hash)
);
CREATE TABLE report_moves (
    process_id uuid NOT NULL,
    user_id uuid NOT NULL REFERENCES users,
    from_id uuid NOT NULL,
    to_id uuid,
    PRIMARY KEY (process_id, user_id)
);
CREATE TABLE audit_log (
    id uuid PRIMARY KEY,
    service text NOT NULL,
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
    detail jsonb,
    salt bytea
);
CREATE INDEX audit_log_at ON audit_log (at, id);
CREATE INDEX audit_log_actor ON audit_log (actor_id, at);
CREATE INDEX audit_log_resource ON audit_log (resource_type, resource_id, at);
CREATE INDEX audit_log_action ON audit_log (action, at);
CREATE TABLE audit_chain (
    position bigint PRIMARY KEY,
    audit_id uuid NOT NULL UNIQUE REFERENCES audit_log,
    detail_commitment bytea NOT NULL,
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL
);
CREATE TABLE audit_unsealed (audit_id uuid PRIMARY KEY REFERENCES audit_log);
CREATE TRIGGER audit_log_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_log
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER audit_chain_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_chain
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
"""


def upgrade() -> None:
    op.execute(KIT_SCHEMA)
    op.execute(TABLES)


def downgrade() -> None:
    op.execute(
        "DROP TABLE audit_unsealed, audit_chain, audit_log, report_moves, known_addresses, login_attempts, revocations,"
        " signing_keys, refresh_tokens, sessions, password_resets, recovery_codes, users"
    )
    op.execute(KIT_SCHEMA_DROP)
