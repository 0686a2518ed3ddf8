"""Searches of meetings and tasks: an index of the characters that stand in their texts.

Over an expression and in no column: rows are read whole by the processes that move thousands of them. Partial, so that
hiding thousands of rows computes nothing.
"""

from typing import Final

from alembic import op

from services.kit.text.sql import SEARCH_FUNCTIONS, SEARCH_FUNCTIONS_DROP

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TEXTS: Final = """
CREATE FUNCTION meeting_search_text(title text, agenda text, outcome text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN search_fold(title) || '|' || search_fold(agenda) || '|' || search_fold(outcome);
CREATE FUNCTION task_search_text(title text, description text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN search_fold(title) || '|' || search_fold(description)
"""
INDEXES: Final = """
CREATE INDEX meetings_search ON meetings USING gin (search_grams(meeting_search_text(title, agenda, outcome)))
    WITH (gin_pending_list_limit = 512) WHERE deleted_at IS NULL;
CREATE INDEX tasks_search ON tasks USING gin (search_grams(task_search_text(title, description)))
    WITH (gin_pending_list_limit = 512) WHERE deleted_at IS NULL;
CREATE INDEX meetings_by_creation ON meetings (created_at, id) WHERE deleted_at IS NULL
"""


def upgrade() -> None:
    op.execute(SEARCH_FUNCTIONS)
    op.execute(TEXTS)
    op.execute(INDEXES)


def downgrade() -> None:
    op.execute("DROP INDEX meetings_search, tasks_search, meetings_by_creation")
    op.execute("DROP FUNCTION meeting_search_text(text, text, text)")
    op.execute("DROP FUNCTION task_search_text(text, text)")
    op.execute(SEARCH_FUNCTIONS_DROP)
