"""Signed heads wait here for the stores outside of the database; each store says how far it has come.

Revision ID: 0009
Revises: 0008
"""

from alembic import op

revision = "0009"
down_revision = "0008"

_TABLES = """
CREATE TABLE audit_head_lines (
    number bigint PRIMARY KEY,
    position bigint NOT NULL,
    line text NOT NULL,
    at timestamptz NOT NULL
);
COMMENT ON TABLE audit_head_lines IS
    'Signed heads and introductions of keys, in the order in which each store gets them; position is that of the head';
CREATE TRIGGER audit_head_lines_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit_head_lines
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TABLE audit_head_stores (
    name text PRIMARY KEY,
    active boolean NOT NULL DEFAULT true,
    number bigint NOT NULL DEFAULT 0,
    position bigint NOT NULL DEFAULT 0,
    kept_at timestamptz,
    failing_since timestamptz,
    error text,
    read_place jsonb,
    read_at timestamptz
);
COMMENT ON TABLE audit_head_stores IS 'How far each store has got the heads, and since when it fails';
"""


def upgrade() -> None:
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE audit_head_lines, audit_head_stores")
