"""Each filter of the audit log has an index, entries keep names, and verifications of the chain are remembered.

Revision ID: 0008
Revises: 0007
"""

from alembic import op

revision = "0008"
down_revision = "0007"

_TABLES = """
ALTER TABLE audit_log ADD COLUMN names jsonb;
COMMENT ON COLUMN audit_log.names IS 'Users whom the entry mentions, by id, as they were called then; null before 0008';
ALTER TABLE audit_chain ADD COLUMN form smallint NOT NULL DEFAULT 1;
COMMENT ON COLUMN audit_chain.form IS 'What the commitment covers. 1 is the detail, 2 the detail and the names';
CREATE INDEX audit_log_on_behalf_of ON audit_log (on_behalf_of, at, id) WHERE on_behalf_of IS NOT NULL;
CREATE INDEX audit_log_resource_id ON audit_log (resource_id, at, id) WHERE resource_id IS NOT NULL;
CREATE INDEX audit_log_resource_type ON audit_log (resource_type, at, id);
CREATE INDEX audit_log_number ON audit_log ((detail ->> 'number'), at, id) WHERE detail ->> 'number' IS NOT NULL;
CREATE INDEX audit_log_outcome ON audit_log (outcome, at, id);
CREATE INDEX audit_log_ip ON audit_log (ip, at, id) WHERE ip IS NOT NULL;
CREATE INDEX audit_log_request ON audit_log (request_id, at, id) WHERE request_id IS NOT NULL;
CREATE INDEX audit_log_process ON audit_log (process_id, at, id) WHERE process_id IS NOT NULL;
CREATE TABLE audit_verifications (
    id uuid PRIMARY KEY,
    whole boolean NOT NULL,
    requested_by uuid,
    requested_at timestamptz NOT NULL,
    finished_at timestamptz,
    position bigint NOT NULL,
    total bigint NOT NULL,
    checkpoint jsonb,
    findings jsonb NOT NULL DEFAULT '[]',
    finding_count int NOT NULL DEFAULT 0,
    heads_kept boolean
);
COMMENT ON TABLE audit_verifications IS 'Recomputations of the audit chain; finished_at null means under way';
CREATE UNIQUE INDEX audit_verifications_under_way ON audit_verifications (whole) WHERE finished_at IS NULL;
CREATE INDEX audit_verifications_finished ON audit_verifications (finished_at, id);
"""
_TABLES_DROP = """
DROP TABLE audit_verifications;
DROP INDEX audit_log_on_behalf_of, audit_log_resource_id, audit_log_resource_type, audit_log_number, audit_log_outcome,
    audit_log_ip, audit_log_request, audit_log_process;
ALTER TABLE audit_chain DROP COLUMN form;
ALTER TABLE audit_log DROP COLUMN names;
"""


def upgrade() -> None:
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute(_TABLES_DROP)
