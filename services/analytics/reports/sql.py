"""What the reports' statements have in common: buckets, facts and stocks, and groups by rep or team.

Facts (a meeting, a submission, a decision, a due date) count in the bucket in which they happened, with what is known
now. Stocks (active customers, backlog) are what was there at the end of the bucket.

A report is one statement, so all of its figures see the same events, also while a rebuilt model is exchanged.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final


class By(StrEnum):
    REP = "rep"
    TEAM = "team"


BUCKETS: Final = (
    "bucket AS (SELECT * FROM unnest(%(starts)s::timestamptz[], %(ends)s::timestamptz[], %(ats)s::timestamptz[])"
    " WITH ORDINALITY AS b (start_at, end_at, at, n))"
)


def valid(alias: str) -> str:
    """For stocks: the version that was valid just before the bucket's end."""
    return f"{alias}.valid_from < b.end_at AND {alias}.valid_to >= b.end_at"


def known_now(alias: str) -> str:
    """For facts: the newest version, whenever it was written down."""
    return f"{alias}.valid_to = 'infinity'"


def within(column: str) -> str:
    return f"{column} >= b.start_at AND {column} < b.end_at"


def visible(rep: str) -> str:
    """``reps`` null: the caller sees everyone's figures."""
    return f"(%(reps)s::uuid[] IS NULL OR {rep} = ANY(%(reps)s::uuid[]))"


_TEAM: Final = (
    "SELECT s.*, CASE WHEN 'manager' = ANY(u.roles) THEN u.user_id ELSE u.manager_id END AS key FROM {source} s"
    " LEFT JOIN read_model.user_history u ON u.user_id = s.rep_id AND u.valid_to >= s.team_at"
    " AND (u.valid_from < s.team_at OR u.version = 1)"
)
"""A manager's own work counts with their team; a team is named after its manager. What happened before somebody was
entered here counts for the team that they came to first."""


def _keyed(source: str, by: By) -> str:
    return _TEAM.format(source=source) if by is By.TEAM else f"SELECT s.*, s.rep_id AS key FROM {source} s"


def figures(source: str, by: By | None, expressions: Mapping[str, str]) -> str:
    """One SELECT of (n, key, whole, figures): a row for each bucket as a whole and one for each rep or team in it.

    ``source`` is a common table expression with the columns n, rep_id and team_at: the instant whose team counts, which
    is that of a fact, and the bucket's end for a stock.
    """
    pairs = ", ".join(f"'{name}', {expression}" for name, expression in expressions.items())
    if by is None:
        return (
            f"SELECT n, NULL::uuid AS key, true AS whole, jsonb_build_object({pairs}) AS figures"
            f" FROM {source} GROUP BY n"
        )
    return (
        f"SELECT n, key, GROUPING(key) = 1 AS whole, jsonb_build_object({pairs}) AS figures"
        f" FROM ({_keyed(source, by)}) k GROUP BY GROUPING SETS ((n), (n, key))"
    )


def amounts(source: str, by: By | None, name: str) -> str:
    """Sums of the column amount, each within its currency; in the shape of ``figures``."""
    keyed = f"SELECT s.*, NULL::uuid AS key FROM {source} s" if by is None else _keyed(source, by)
    sets = "(n, currency)" if by is None else "(n, currency), (n, key, currency)"
    return (
        f"SELECT n, key, whole, jsonb_build_object('{name}', jsonb_object_agg(currency, {as_json('amount')}))"
        " AS figures FROM"
        f" (SELECT n, {'NULL::uuid' if by is None else 'key'} AS key,"
        f" {'true' if by is None else 'GROUPING(key) = 1'} AS whole, currency, sum(amount) AS amount"
        f" FROM ({keyed}) k WHERE amount IS NOT NULL GROUP BY GROUPING SETS ({sets})) sums GROUP BY n, key, whole"
    )


def as_json(amount: str) -> str:
    """SQL for a sum as JSON has amounts (``contracts.money``): a number that is not whole would be read as a float."""
    whole, fine = f"to_jsonb(trunc({amount}))", f"to_jsonb(trim_scale({amount})::text)"
    return f"CASE WHEN {amount} = trunc({amount}) THEN {whole} ELSE {fine} END"


def breakdown(source: str, name: str, band: str) -> str:
    """How many rows of the whole period's bucket fall into each band; in the shape of ``figures``."""
    return (
        "SELECT 1::bigint AS n, NULL::uuid AS key, true AS whole,"
        f" jsonb_build_object('{name}', coalesce(jsonb_object_agg(band, amount), '{{}}'::jsonb)) AS figures"
        f" FROM (SELECT {band} AS band, count(*) AS amount FROM {source} WHERE n = 1 GROUP BY 1) AS {name}"
    )


def statement(expressions: Mapping[str, str], *selects: str) -> str:
    tables = ", ".join([BUCKETS, *(f"{name} AS ({body})" for name, body in expressions.items())])
    return f"WITH {tables} " + " UNION ALL ".join(selects)
