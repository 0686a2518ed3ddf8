"""Lists for people who see few requests, and searches, are read from indexes.

``approval_participants.created_at`` is that of the request: whoever has a part in few of many finds them in the order
of the list. Searches look for grams of number, title and the customer's name, folded as in all services.
"""

from alembic import op

from services.kit.text.sql import SEARCH_FUNCTIONS, SEARCH_FUNCTIONS_DROP

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

_PARTICIPANTS = """
ALTER TABLE approval_participants ADD COLUMN created_at timestamptz;
UPDATE approval_participants AS p SET created_at = a.created_at FROM approvals AS a WHERE a.id = p.approval_id;
ALTER TABLE approval_participants ALTER COLUMN created_at SET NOT NULL;
CREATE INDEX approval_participants_by_time ON approval_participants (user_id, created_at, approval_id);
"""
_SEARCH = """
CREATE FUNCTION approval_search_text(number text, title text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN search_fold(number || '|' || title);
ALTER TABLE approvals
    ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (approval_search_text(number, title)) STORED,
    ADD COLUMN search_grams text[] NOT NULL
        GENERATED ALWAYS AS (search_grams(approval_search_text(number, title))) STORED;
CREATE INDEX approvals_search ON approvals USING gin (search_grams) WITH (gin_pending_list_limit = 512);
ALTER TABLE customer_copies
    ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (search_fold(name)) STORED,
    ADD COLUMN search_grams text[] NOT NULL GENERATED ALWAYS AS (search_grams(search_fold(name))) STORED;
CREATE INDEX customer_copies_search ON customer_copies USING gin (search_grams) WITH (gin_pending_list_limit = 512);
"""
_DROP = """
ALTER TABLE customer_copies DROP COLUMN search_grams, DROP COLUMN search_text;
ALTER TABLE approvals DROP COLUMN search_grams, DROP COLUMN search_text;
DROP FUNCTION approval_search_text(text, text);
ALTER TABLE approval_participants DROP COLUMN created_at;
"""


def upgrade() -> None:
    op.execute(SEARCH_FUNCTIONS)
    op.execute(_PARTICIPANTS)
    op.execute(_SEARCH)


def downgrade() -> None:
    op.execute(_DROP)
    op.execute(SEARCH_FUNCTIONS_DROP)
