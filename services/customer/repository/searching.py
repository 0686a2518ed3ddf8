"""Filters of customer lists as SQL.

Text is looked up by the pairs of characters that it consists of, in an index; what the index offers is then compared
with the text itself. Two characters suffice, as Japanese names often have no more (山田).
"""

from typing import Any, Final

from services.customer.schemas import CustomerFilters
from services.kit.text.folding import fold, grams, words


def conditions(filters: CustomerFilters) -> tuple[list[str], dict[str, Any]]:
    """Clauses on customer `c`, to be joined with AND, and their parameters."""
    clauses: list[str] = []
    params: dict[str, Any] = {}
    needed: set[str] = set()
    if filters.q is not None:
        looked_for = words(filters.q)
        if not looked_for:
            clauses.append("false")
        for number, word in enumerate(looked_for):
            needed.update(grams(word))
            # A single character is looked for in names only, and the index alone tells of it.
            if len(word) > 1:
                clauses.append(f"strpos(c.search_text, %(word{number})s) > 0")
                params[f"word{number}"] = word
    for name, where in _PARTS.items():
        value = getattr(filters, name)
        if value is None:
            continue
        folded = fold(value)
        clauses.append(where if folded else "false")
        params[name] = folded
        if name == "name" or len(folded) > 1:
            needed.update(grams(folded))
    if needed:
        clauses.append("c.search_grams @> %(grams)s::text[]")
        params["grams"] = sorted(needed)
    if filters.tag:
        clauses.append("c.tags @> %(tags)s::text[]")
        params["tags"] = filters.tag
    for name, column in _CHOICES.items():
        value = getattr(filters, name)
        if value:
            clauses.append(f"{column} = ANY(%({name})s)")
            params[name] = [str(item) for item in value]
    if filters.kind is not None:
        clauses.append("c.kind = %(kind)s")
        params["kind"] = filters.kind
    if filters.assigned_sales_id is not None:
        clauses.append("c.assigned_sales_id = %(assigned)s")
        params["assigned"] = filters.assigned_sales_id
    if filters.team_of is not None:
        clauses.append("c.assigned_sales_id IN (SELECT team_of(%(team_of)s))")
        params["team_of"] = filters.team_of
    for name, bound in _BOUNDS.items():
        instant = getattr(filters, name)
        if instant is not None:
            clauses.append(bound)
            params[name] = instant
    return clauses, params


_PARTS: Final = {
    "name": "(strpos(search_fold(c.name), %(name)s) > 0 OR strpos(search_fold(c.name_kana), %(name)s) > 0)",
    "email": "strpos(search_fold(c.email), %(email)s) > 0",
    "phone": "strpos(search_fold(c.phone), %(phone)s) > 0",
}
_BOUNDS: Final = {
    "created_after": "c.created_at >= %(created_after)s",
    "created_before": "c.created_at < %(created_before)s",
}
_CHOICES: Final = {
    "relationship": "c.relationship",
    "state": "c.state",
    "risk": "c.risk_tolerance",
    "assets": "c.assets_band",
}
