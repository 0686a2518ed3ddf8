"""Clauses of a search over text that a table stores folded, with an index of its grams (see ``sql``)."""

from typing import Any

from services.kit.text.folding import grams, words


def matching(q: str, text: str, index: str) -> tuple[list[str], dict[str, Any]]:
    """Clauses to be joined with AND, and their parameters: each word of ``q`` stands in the folded column ``text``.

    ``index`` is the column of its grams. It narrows the rows down; the text itself is then compared, as pairs alone
    don't tell in which order they stand. A search for blanks and dashes alone finds nothing.
    """
    looked_for = words(q)
    if not looked_for:
        return ["false"], {}
    clauses = [f"{index} @> %(grams)s::text[]"]
    params: dict[str, Any] = {"grams": sorted({gram for word in looked_for for gram in grams(word)})}
    for number, word in enumerate(looked_for):
        if len(word) > 2:
            clauses.append(f"strpos({text}, %(word{number})s) > 0")
            params[f"word{number}"] = word
    return clauses, params
