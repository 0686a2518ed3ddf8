"""Departments: a tree with heads, and to which of them each user belongs.

Revision ID: 0011
Revises: 0009
"""

from alembic import op

revision = "0011"
down_revision = "0009"

_TABLES = """
CREATE TABLE departments (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    folded_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (search_fold(name)) STORED,
    code text,
    parent_id uuid REFERENCES departments (id),
    head_id uuid REFERENCES users (id),
    version integer NOT NULL,
    event_version integer NOT NULL,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    deleted_at timestamptz
);
COMMENT ON TABLE departments IS 'Deleted ones stay: audit entries and copies name them';
CREATE UNIQUE INDEX departments_name ON departments (folded_name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX departments_code ON departments (code) WHERE deleted_at IS NULL AND code IS NOT NULL;
CREATE INDEX departments_parent ON departments (parent_id);
CREATE INDEX departments_head ON departments (head_id);
ALTER TABLE users ADD COLUMN department_id uuid REFERENCES departments (id);
CREATE INDEX users_department ON users (department_id);
CREATE TABLE headship_moves (
    process_id uuid NOT NULL,
    department_id uuid NOT NULL REFERENCES departments (id),
    from_id uuid NOT NULL,
    to_id uuid,
    PRIMARY KEY (process_id, department_id)
);
COMMENT ON TABLE headship_moves IS 'Who headed a department before a deletion, and who after: what the undo gives back';
"""


def upgrade() -> None:
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute("DROP TABLE headship_moves; ALTER TABLE users DROP COLUMN department_id; DROP TABLE departments")
