"""Users are searched and sorted by their names as all services fold text, with an index of its grams."""

from alembic import op

from services.kit.text.sql import SEARCH_FUNCTIONS, SEARCH_FUNCTIONS_DROP

revision = "0005"
down_revision = "0004"

_COLUMNS = """
CREATE FUNCTION user_search_text(name text, email text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN search_fold(name || '|' || email);
ALTER TABLE users
    ADD COLUMN sort_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (left(search_fold(name), 100)) STORED,
    ADD COLUMN search_text text NOT NULL GENERATED ALWAYS AS (user_search_text(name, email)) STORED,
    ADD COLUMN search_grams text[] NOT NULL
        GENERATED ALWAYS AS (search_grams(user_search_text(name, email))) STORED;
DROP INDEX users_name;
CREATE INDEX users_name ON users (sort_name, id);
CREATE INDEX users_search ON users USING gin (search_grams) WITH (gin_pending_list_limit = 512);
"""
_COLUMNS_DROP = """
DROP INDEX users_name;
ALTER TABLE users DROP COLUMN search_grams, DROP COLUMN search_text, DROP COLUMN sort_name;
CREATE INDEX users_name ON users (name, id);
DROP FUNCTION user_search_text(text, text);
"""


def upgrade() -> None:
    op.execute(SEARCH_FUNCTIONS)
    op.execute(_COLUMNS)


def downgrade() -> None:
    op.execute(_COLUMNS_DROP)
    op.execute(SEARCH_FUNCTIONS_DROP)
