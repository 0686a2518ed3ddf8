"""SQL of the searches, for the migrations of services that look for text.

``search_fold(text)`` is ``folding.fold``; ``search_grams(text)`` is what a GIN index holds of a folded text: each pair
of neighbouring characters and each single one, as one kanji can be a whole surname. Both may stand in generated
columns. When the folding changes, a migration runs ``SEARCH_FUNCTIONS`` again and ``recompute`` for each such column:
PostgreSQL keeps what it has computed with the function of before.
"""

from collections.abc import Mapping
from typing import Final

from services.kit.text.folding import IGNORED, KATAKANA, LARGE_KANA, LONG_VOWEL_FOR_DASH, REPEATED
from services.kit.text.variants import VARIANTS


def _translated(mapping: Mapping[str, str]) -> str:
    """Asks whether anything is to be done first, as translate compares each character with all of the mapping."""
    given, wanted = "".join(mapping), "".join(mapping.values())
    return f"IF folded ~ '[{given}]' THEN folded = translate(folded, '{given}', '{wanted}'); END IF;"


SEARCH_FUNCTIONS: Final = rf"""
CREATE OR REPLACE FUNCTION search_fold(value text) RETURNS text LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
DECLARE
    folded text DEFAULT regexp_replace(lower(normalize(coalesce(value, ''), NFKC)), '[{IGNORED}]', '', 'g');
BEGIN
    folded = regexp_replace(folded, '{LONG_VOWEL_FOR_DASH}', '', 'g');
    {_translated(KATAKANA)}
    {_translated(LARGE_KANA)}
    {_translated(VARIANTS)}
    RETURN regexp_replace(folded, '{REPEATED}', '\1\1', 'g');
END $body$;
COMMENT ON FUNCTION search_fold IS
    'How searches compare text (NFKC, lower case, kana and kanji variants folded, no blanks, dashes, invisible signs)';

CREATE OR REPLACE FUNCTION search_grams(folded text) RETURNS text[] LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $body$
DECLARE
    signs text[] DEFAULT coalesce(string_to_array(folded, NULL), '{{}}');
    grams text[] DEFAULT signs;
BEGIN
    FOR place IN 2 .. cardinality(signs) LOOP
        grams = grams || (signs[place - 1] || signs[place]);
    END LOOP;
    RETURN grams;
END $body$;
COMMENT ON FUNCTION search_grams IS
    'Pairs of neighbouring characters, and each single one: one kanji can be a whole surname';
"""

SEARCH_FUNCTIONS_DROP: Final = """
DROP FUNCTION search_grams(text);
DROP FUNCTION search_fold(text);
"""


def recompute(table: str, column: str, expression: str) -> str:
    """Computes a stored generated column anew (PostgreSQL 17 and later; rewrites the table)."""
    return f"ALTER TABLE {table} ALTER COLUMN {column} SET EXPRESSION AS ({expression});\n"
