"""Searches fold text as all services do; what is stored folded is computed anew.

The key of lists by name is cut, so that the cursor of a next page has a bound.
"""

from alembic import op

from services.kit.text.sql import SEARCH_FUNCTIONS, recompute

revision = "0004"
down_revision = "0003"

_TEXT_IN_ONE = """
CREATE OR REPLACE FUNCTION customer_search_text(name text, name_kana text, email text, phone text, tags text[])
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN search_fold(concat_ws('|', coalesce(name, ''), coalesce(name_kana, ''), coalesce(email, ''),
        coalesce(phone, ''), array_to_string(tags, '|')));
"""
_GRAMS = """
CREATE OR REPLACE FUNCTION customer_search_grams(name text, name_kana text, email text, phone text, tags text[])
    RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
DECLARE
    signs text[] DEFAULT string_to_array(customer_search_text(name, name_kana, email, phone, tags), NULL);
    names int DEFAULT length(search_fold(concat_ws('|', coalesce(name, ''), coalesce(name_kana, ''))));
    grams text[] DEFAULT trim_array(signs, cardinality(signs) - names);
BEGIN
    FOR place IN 2 .. cardinality(signs) LOOP
        grams = grams || (signs[place - 1] || signs[place]);
    END LOOP;
    RETURN grams;
END $body$;
"""
_GRAMS_OF_PARTS = """
CREATE OR REPLACE FUNCTION customer_search_grams(name text, name_kana text, email text, phone text, tags text[])
    RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
DECLARE
    haystack text DEFAULT customer_search_text(name, name_kana, email, phone, tags);
    names int DEFAULT length(search_fold(name)) + 1 + length(search_fold(name_kana));
    grams text[] DEFAULT '{}';
BEGIN
    FOR i IN 1 .. length(haystack) - 1 LOOP
        grams = grams || substr(haystack, i, 2);
    END LOOP;
    FOR i IN 1 .. names LOOP
        grams = grams || substr(haystack, i, 1);
    END LOOP;
    RETURN grams;
END $body$;
"""
_TEXT_IN_PARTS = """
CREATE OR REPLACE FUNCTION customer_search_text(name text, name_kana text, email text, phone text, tags text[])
    RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN concat_ws('|', search_fold(name), search_fold(name_kana), search_fold(email), search_fold(phone),
        search_fold(array_to_string(tags, '|')));
"""
_SEARCHED = "(name, name_kana, email, phone, tags)"

_HIRAGANA = "".join(map(chr, range(0x3041, 0x3097))) + "ゝゞ"
_KATAKANA = "".join(map(chr, range(0x30A1, 0x30F7))) + "ヽヾ"
_FOLDING_BEFORE = f"""
CREATE OR REPLACE FUNCTION search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN translate(lower(normalize(coalesce(value, ''), NFKC)),
        '{_HIRAGANA} \t\n\r-‐‑‒–—−・･.,、。()', '{_KATAKANA}');
DROP FUNCTION search_grams(text);
"""


def _recompute(sort_name: str) -> None:
    op.execute(recompute("customers", "sort_name", sort_name))
    op.execute(recompute("customers", "search_text", f"customer_search_text{_SEARCHED}"))
    op.execute(recompute("customers", "search_grams", f"customer_search_grams{_SEARCHED}"))


def upgrade() -> None:
    op.execute(SEARCH_FUNCTIONS)
    op.execute(_TEXT_IN_ONE)
    op.execute(_GRAMS)
    _recompute("left(search_fold(coalesce(name_kana, name)), 100)")


def downgrade() -> None:
    op.execute(_TEXT_IN_PARTS)
    op.execute(_GRAMS_OF_PARTS)
    op.execute(_FOLDING_BEFORE)
    _recompute("search_fold(coalesce(name_kana, name))")
