"""Tables of the kit; customers with their profiles, copies of users, what leavers handed over."""

from alembic import op

from services.kit.db.schema import KIT_SCHEMA, KIT_SCHEMA_DROP

revision = "0001"
down_revision = None

_HIRAGANA = "".join(map(chr, range(0x3041, 0x3097))) + "ゝゞ"
_KATAKANA = "".join(map(chr, range(0x30A1, 0x30F7))) + "ヽヾ"
_IGNORED = " \t\n\r-‐‑‒–—−・･.,、。()"
"""Blanks, dashes and dots: 03-1234-5678 is found as 0312345678, 山田　太郎 as 山田太郎."""

_FUNCTIONS = f"""
CREATE FUNCTION search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN translate(lower(normalize(coalesce(value, ''), NFKC)), '{_HIRAGANA}{_IGNORED}', '{_KATAKANA}');
COMMENT ON FUNCTION search_fold IS 'How searches compare text (NFKC, lower case, kana folded, no blanks or dashes)';

CREATE FUNCTION customer_search_text(name text, name_kana text, email text, phone text, tags text[]) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat_ws('|', search_fold(name), search_fold(name_kana), search_fold(email), search_fold(phone),
        search_fold(array_to_string(tags, '|')));

CREATE FUNCTION customer_search_grams(name text, name_kana text, email text, phone text, tags text[]) RETURNS text[]
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
DECLARE
    haystack text DEFAULT customer_search_text(name, name_kana, email, phone, tags);
    names int DEFAULT length(search_fold(name)) + 1 + length(search_fold(name_kana));
    grams text[] DEFAULT '{{}}';
BEGIN
    FOR i IN 1 .. length(haystack) - 1 LOOP
        grams = grams || substr(haystack, i, 2);
    END LOOP;
    FOR i IN 1 .. names LOOP
        grams = grams || substr(haystack, i, 1);
    END LOOP;
    RETURN grams;
END $body$;
COMMENT ON FUNCTION customer_search_grams IS
    'Pairs of neighbouring characters, and each single character of the names: one kanji can be a whole surname';
"""

_TABLES = """
CREATE TABLE customers (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    name_kana text,
    kind text NOT NULL CONSTRAINT customers_kind CHECK (kind IN ('INDIVIDUAL', 'CORPORATE')),
    email text,
    phone text,
    birth_date date,
    occupation text,
    relationship text NOT NULL CONSTRAINT customers_relationship
        CHECK (relationship IN ('PROSPECT', 'CLIENT', 'CLOSED', 'DECEASED', 'OTHER')),
    assigned_sales_id uuid NOT NULL,
    tags text[] NOT NULL DEFAULT '{}',
    notes text,
    profile jsonb,
    state text NOT NULL CONSTRAINT customers_state
        CHECK (state IN ('ACTIVE', 'DELETING', 'DELETED', 'RESTORING', 'PURGING', 'PURGED')),
    process_id uuid,
    deletion_process_id uuid,
    generation int NOT NULL DEFAULT 0,
    deleted_at timestamptz,
    version int NOT NULL,
    event_version int NOT NULL,
    created_by uuid,
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    risk_tolerance text GENERATED ALWAYS AS (profile ->> 'riskTolerance') STORED,
    assets_band text GENERATED ALWAYS AS (profile ->> 'assetsBand') STORED,
    sort_name text COLLATE "C" NOT NULL GENERATED ALWAYS AS (search_fold(coalesce(name_kana, name))) STORED,
    search_text text NOT NULL
        GENERATED ALWAYS AS (customer_search_text(name, name_kana, email, phone, tags)) STORED,
    search_grams text[] NOT NULL
        GENERATED ALWAYS AS (customer_search_grams(name, name_kana, email, phone, tags)) STORED
) WITH (fillfactor = 85, autovacuum_vacuum_scale_factor = 0.05);
COMMENT ON COLUMN customers.process_id IS 'The last deletion or restoration, which holds the row until it ends';
COMMENT ON COLUMN customers.deletion_process_id IS 'The deletion whose rows a restore brings back';
COMMENT ON COLUMN customers.profile IS 'The newest version of the investment profile, as the API shows it';
CREATE INDEX customers_by_creation ON customers (created_at, id)
    WHERE state IN ('ACTIVE', 'DELETING', 'RESTORING');
CREATE INDEX customers_by_update ON customers (updated_at, id) WHERE state IN ('ACTIVE', 'DELETING', 'RESTORING');
CREATE INDEX customers_by_name ON customers (sort_name, id) WHERE state IN ('ACTIVE', 'DELETING', 'RESTORING');
CREATE INDEX customers_by_sales ON customers (assigned_sales_id, created_at, id);
CREATE INDEX customers_gone ON customers (deleted_at, id) WHERE state NOT IN ('ACTIVE', 'DELETING', 'RESTORING');
CREATE INDEX customers_search ON customers USING gin (search_grams) WITH (gin_pending_list_limit = 512);
CREATE INDEX customers_tags ON customers USING gin (tags) WITH (gin_pending_list_limit = 512);

CREATE TABLE customer_profiles (
    customer_id uuid NOT NULL REFERENCES customers,
    version int NOT NULL,
    profile jsonb NOT NULL,
    reviewed_at timestamptz NOT NULL,
    reviewed_by uuid,
    created_at timestamptz NOT NULL,
    PRIMARY KEY (customer_id, version)
);
COMMENT ON TABLE customer_profiles IS 'Every version of an investment profile, with who reviewed it with the customer';

CREATE TABLE user_copies (
    id uuid PRIMARY KEY,
    name text NOT NULL,
    email text,
    state text NOT NULL,
    manager_id uuid,
    roles text[] NOT NULL DEFAULT '{}',
    aggregate_version int NOT NULL,
    blocked_by_process uuid
);
COMMENT ON TABLE user_copies IS 'What auth last told of each user; the fence is set here by processes, not by events';
CREATE INDEX user_copies_by_manager ON user_copies (manager_id);

CREATE TABLE reassignments (
    process_id uuid NOT NULL,
    kind text NOT NULL,
    resource_id uuid NOT NULL,
    from_id uuid NOT NULL,
    to_id uuid NOT NULL,
    moved_at timestamptz NOT NULL,
    settled_at timestamptz,
    PRIMARY KEY (process_id, kind, resource_id)
);
COMMENT ON TABLE reassignments IS 'What a process moved, and from settled_at on, what its undo has looked at';
CREATE INDEX reassignments_open ON reassignments (process_id, resource_id) WHERE settled_at IS NULL;

CREATE FUNCTION team_of(leader uuid) RETURNS SETOF uuid LANGUAGE sql STABLE PARALLEL SAFE ROWS 20 AS $body$
    WITH RECURSIVE team (id) AS (
        SELECT leader
        UNION
        SELECT member.id FROM user_copies AS member JOIN team ON member.manager_id = team.id
    )
    SELECT id FROM team
$body$;
COMMENT ON FUNCTION team_of IS 'A leader and all who report to them, over any number of levels';
"""

_DROP = """
DROP FUNCTION team_of(uuid);
DROP TABLE reassignments, user_copies, customer_profiles, customers;
DROP FUNCTION customer_search_grams(text, text, text, text, text[]);
DROP FUNCTION customer_search_text(text, text, text, text, text[]);
DROP FUNCTION search_fold(text);
"""


def upgrade() -> None:
    op.execute(KIT_SCHEMA)
    op.execute(_FUNCTIONS)
    op.execute(_TABLES)


def downgrade() -> None:
    op.execute(_DROP)
    op.execute(KIT_SCHEMA_DROP)
