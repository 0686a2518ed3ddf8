"""SQL of the searches, for the migrations of services that look for text.

``search_fold(text)`` is ``folding.fold``; ``search_grams(text)`` is what a GIN index holds of a folded text: each pair
of neighbouring characters and each single one, as one kanji can be a whole surname. Both may stand in generated
columns. When the folding changes, a migration runs ``SEARCH_FUNCTIONS`` again and ``recompute`` for each such column:
PostgreSQL keeps what it has computed with the function of before.
"""

from typing import Final

from services.kit.text.folding import IGNORED, LONG_VOWEL_FOR_DASH, REPEATED, SAME_KANA
from services.kit.text.variants import VARIANTS

_VARIANTS: Final = "".join(VARIANTS)

SEARCH_FUNCTIONS: Final = rf"""
CREATE OR REPLACE FUNCTION search_same_kanji(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    -- Asked first, as translate compares each character with hundreds, which long notes would pay for.
    RETURN CASE WHEN value ~ '[{_VARIANTS}]' THEN translate(value, '{_VARIANTS}', '{"".join(VARIANTS.values())}')
        ELSE value END;

CREATE OR REPLACE FUNCTION search_fold(value text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN regexp_replace(
        search_same_kanji(translate(
            regexp_replace(
                regexp_replace(lower(normalize(coalesce(value, ''), NFKC)), '[{IGNORED}]', '', 'g'),
                '{LONG_VOWEL_FOR_DASH}', '', 'g'
            ),
            '{"".join(SAME_KANA)}', '{"".join(SAME_KANA.values())}'
        )),
        '{REPEATED}', '\1\1', 'g'
    );
COMMENT ON FUNCTION search_fold IS
    'How searches compare text (NFKC, lower case, kana and kanji variants folded, no blanks, dashes, invisible signs)';

CREATE OR REPLACE FUNCTION search_grams(folded text) RETURNS text[] LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN ARRAY(
        SELECT DISTINCT substr(folded, place, width)
        FROM generate_series(1, length(folded)) AS place CROSS JOIN generate_series(1, 2) AS width
        WHERE place + width - 1 <= length(folded)
    );
COMMENT ON FUNCTION search_grams IS
    'Pairs of neighbouring characters, and each single one: one kanji can be a whole surname';
"""  # noqa: S608 - constants only

SEARCH_FUNCTIONS_DROP: Final = """
DROP FUNCTION search_grams(text);
DROP FUNCTION search_fold(text);
DROP FUNCTION search_same_kanji(text);
"""


def recompute(table: str, column: str, expression: str) -> str:
    """Computes a stored generated column anew (PostgreSQL 17 and later; rewrites the table)."""
    return f"ALTER TABLE {table} ALTER COLUMN {column} SET EXPRESSION AS ({expression});\n"
