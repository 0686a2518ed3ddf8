"""A refresh token knows which one it replaced and when it was used, instead of one generation for the whole session.

Revision ID: 0004
Revises: 0003
"""

from alembic import op

revision = "0004"
down_revision = "0003"

UP = """
ALTER TABLE refresh_tokens ADD COLUMN parent_hash bytea, ADD COLUMN used_at timestamptz;
UPDATE refresh_tokens t SET used_at = CASE WHEN t.generation = s.generation - 1 THEN s.rotated_at ELSE s.created_at END
    FROM sessions s WHERE s.id = t.session_id AND t.generation < s.generation;
ALTER TABLE refresh_tokens DROP COLUMN generation;
ALTER TABLE sessions DROP COLUMN generation, DROP COLUMN rotated_at;
CREATE INDEX refresh_tokens_parent ON refresh_tokens (parent_hash);
"""
DOWN = """
ALTER TABLE sessions ADD COLUMN generation int NOT NULL DEFAULT 1, ADD COLUMN rotated_at timestamptz;
UPDATE sessions SET generation = 2, rotated_at = last_used_at;
ALTER TABLE sessions ALTER COLUMN generation DROP DEFAULT, ALTER COLUMN rotated_at SET NOT NULL;
ALTER TABLE refresh_tokens ADD COLUMN generation int NOT NULL DEFAULT 2;
UPDATE refresh_tokens SET generation = 0 WHERE used_at IS NOT NULL;
ALTER TABLE refresh_tokens ALTER COLUMN generation DROP DEFAULT, DROP COLUMN parent_hash, DROP COLUMN used_at;
"""


def upgrade() -> None:
    op.execute(UP)


def downgrade() -> None:
    op.execute(DOWN)
