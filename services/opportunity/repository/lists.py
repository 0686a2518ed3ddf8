"""Hot reads: requests as the API shows them, straight from SQL with display names from the copies."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, Row
from services.kit.running import clock, zone
from services.kit.text.folding import grams, words
from services.opportunity import amounts
from services.opportunity.models import APPROVAL_COLUMNS
from services.opportunity.repository.attachments import BELONGS

OPEN = [ApprovalState.PENDING, ApprovalState.RETURNED, ApprovalState.ON_HOLD]
_HIDDEN = {
    *("restored_by", "wish", "clock_left_seconds", "reminded_at", "escalated_at"),
    *("history_length", "history_head", "event_version"),
    *amounts.columns("amount"),
}
"""Columns that no caller is shown, or not as they are."""
_SHOWN = [name for name in APPROVAL_COLUMNS if name not in _HIDDEN]
_FILES = f"(SELECT count(*) FROM approval_attachments f WHERE f.approval_id = a.id AND {BELONGS})"  # noqa: S608
COLUMNS = ", ".join(
    (
        *(f'a.{name} AS "{to_camel(name)}"' for name in _SHOWN),
        f"{amounts.as_json('a')} AS amount",
        f'{_FILES} AS "attachmentCount"',
        'customer.name AS "customerName", requester.name AS "requesterName", decider.name AS "decidedByName"',
    )
)
JOINS = (
    " LEFT JOIN customer_copies customer ON customer.id = a.customer_id"
    " LEFT JOIN user_copies requester ON requester.id = a.requester_id"
    " LEFT JOIN user_copies decider ON decider.id = a.decided_by"
)


async def one(reader: Reader, approval_id: UUID, visible: str, params: dict[str, Any]) -> Row | None:
    return await reader.one(
        f"SELECT {COLUMNS} FROM approvals a{JOINS} WHERE a.id = %(id)s AND {visible}",  # noqa: S608
        params | {"id": approval_id},
    )


async def sees(reader: Reader, approval_id: UUID, visible: str, params: dict[str, Any]) -> bool:
    statement = f"SELECT 1 FROM approvals a WHERE a.id = %(id)s AND {visible}"  # noqa: S608
    return await reader.scalar(statement, params | {"id": approval_id}) is not None


async def ids_of(reader: Reader, numbers: Sequence[str], visible: str, params: dict[str, Any]) -> dict[str, UUID]:
    """Of the requests with these numbers that the caller sees."""
    rows = await reader.all(
        f"SELECT a.number, a.id FROM approvals a WHERE a.number = ANY(%(numbers)s) AND {visible}",  # noqa: S608
        params | {"numbers": list(numbers)},
    )
    return {row["number"]: row["id"] for row in rows}


async def page(
    reader: Reader,
    *,
    seen_through: tuple[str, list[UUID]] | None,
    params: dict[str, Any],
    filters: dict[str, Any],
    descending: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """By time of creation; ``filters`` are those of ApprovalFilters that are set, by their Python names.

    ``seen_through``: a condition on the parts (``approval_participants seen``) of these people, through which the
    caller sees requests; None for who sees all. Each person contributes their own first rows, by an index in the order
    of the list, so that the cost grows with people and not with the table.
    """
    conditions, values = narrowed(filters, among_all=seen_through is None)
    params = params | values
    order = "DESC" if descending else "ASC"
    source, at, number = ("approvals a", "a.created_at", "a.id")
    if seen_through is not None:
        condition, people = seen_through
        conditions += ["seen.user_id = person.id", condition]
        params = params | {"people": people}
        source = "approval_participants seen JOIN approvals a ON a.id = seen.approval_id"
        at, number = "seen.created_at", "seen.approval_id"
    if after is not None:
        conditions.append(f"({at}, {number}) {'<' if descending else '>'} (%(after_at)s, %(after_id)s)")
        params = params | {"after_at": after[0], "after_id": after[1]}
    # Several parts of one person in a request stand beside each other in the index.
    first = (
        f"SELECT DISTINCT {at} AS created_at, {number} AS id FROM {source}"  # noqa: S608
        f" WHERE {' AND '.join(conditions or ['TRUE'])} ORDER BY {at} {order}, {number} {order} LIMIT %(limit)s"
    )
    if seen_through is not None:
        first = (
            "SELECT DISTINCT theirs.created_at, theirs.id FROM unnest(%(people)s::uuid[]) AS person (id)"  # noqa: S608
            f" CROSS JOIN LATERAL ({first}) AS theirs ORDER BY created_at {order}, id {order} LIMIT %(limit)s"
        )
    # The page is chosen on the narrow rows first; names are joined to its rows only.
    return await reader.all(
        f"SELECT {COLUMNS} FROM ({first}) AS chosen JOIN approvals a ON a.id = chosen.id{JOINS}"  # noqa: S608
        f" ORDER BY a.created_at {order}, a.id {order}",
        params | {"limit": limit},
    )


def narrowed(filters: dict[str, Any], *, among_all: bool) -> tuple[list[str], dict[str, Any]]:
    """Conditions on ``approvals a`` and their parameters."""
    conditions = [_CONDITIONS[name] for name in filters if name != "q"]
    if "q" not in filters:
        return conditions, filters
    found, values = _searched(filters["q"], among_all=among_all)
    return conditions + found, filters | values


def _searched(q: str, *, among_all: bool) -> tuple[list[str], dict[str, Any]]:
    """Each word stands in the number, the title or the customer's name.

    ``among_all``: found by the indexes of grams; else the rows that other conditions lead to are compared one by one.
    """
    clauses: list[str] = []
    params: dict[str, Any] = {}
    for number, word in enumerate(words(q)):
        clauses.append((_FOUND_AMONG_ALL if among_all else _FOUND_IN_ROW).replace("{n}", str(number)))
        params |= {f"word{number}": word, f"grams{number}": grams(word)}
    return clauses or ["FALSE"], params


def _holds(alias: str) -> str:
    return f"({alias}.search_grams @> %(grams{{n}})s::text[] AND strpos({alias}.search_text, %(word{{n}})s) > 0)"


_FOUND_AMONG_ALL = (
    f"a.id IN (SELECT hit.id FROM approvals hit WHERE {_holds('hit')}"  # noqa: S608 - constants only
    " UNION ALL SELECT about.id FROM customer_copies named JOIN approvals about ON about.customer_id = named.id"
    f" WHERE {_holds('named')})"
)
_FOUND_IN_ROW = (
    f"({_holds('a')} OR EXISTS (SELECT FROM customer_copies named WHERE named.id = a.customer_id"
    f" AND {_holds('named')}))"
)


_CONDITIONS = {
    "state": "a.state = %(state)s",
    "kind": "a.kind = %(kind)s",
    "customer_id": "a.customer_id = %(customer_id)s",
    "requester_id": "a.requester_id = %(requester_id)s",
    "owner_id": "a.owner_id = %(owner_id)s",
    "submitted_after": "a.submitted_at >= %(submitted_after)s",
    "submitted_before": "a.submitted_at < %(submitted_before)s",
    "decided_after": "a.decided_at >= %(decided_after)s",
    "decided_before": "a.decided_at < %(decided_before)s",
    "approver_id": (
        "EXISTS (SELECT 1 FROM approval_participants named WHERE named.approval_id = a.id"
        " AND named.user_id = %(approver_id)s AND named.relation IN ('APPROVER', 'DECIDED'))"
    ),
    "flag": "%(flag)s = ANY(a.flags)",
    "flagged": "(cardinality(a.flags) > 0) = %(flagged)s",
    "currency": "a.currency = %(currency)s",
    "wants_opinion": (
        "EXISTS (SELECT 1 FROM approval_participants asked WHERE asked.approval_id = a.id"
        " AND asked.user_id = %(me)s AND asked.relation = 'ASKED') = %(wants_opinion)s"
    ),
    "min_amount": f"{amounts.exact('a')} >= %(min_amount)s",
    "max_amount": f"{amounts.exact('a')} <= %(max_amount)s",
    "due_before": "a.deadline_at < %(due_before)s",
    "from_": "a.created_at >= %(from_)s",
    "to": "a.created_at < %(to)s",
}


async def circulated(
    reader: Reader, *, user_id: UUID, purpose: str, answered: bool, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """What was shown to the user for a purpose; newest first, each request once. ``answered``: what they have answered
    instead of what they have not (of drafts that were shown to them: what is over)."""
    after_at, after_id = after or (None, None)
    return await reader.all(
        f'SELECT {COLUMNS}, c.since AS "shownSince", c.due_at AS "reviewDueAt", c.answered_at AS "answeredAt"'  # noqa: S608
        f" FROM approval_circulation c JOIN approvals a ON a.id = c.approval_id{JOINS}"
        " WHERE c.user_id = %(me)s AND c.purpose = %(purpose)s AND (c.ended_at IS NULL) <> %(answered)s"
        " AND (NOT %(answered)s OR c.answered_at IS NOT NULL)"
        " AND NOT EXISTS (SELECT 1 FROM approval_circulation n WHERE n.approval_id = c.approval_id"
        "  AND n.user_id = c.user_id AND n.purpose = c.purpose"
        "  AND (n.generation, n.revision) > (c.generation, c.revision))"
        " AND EXISTS (SELECT 1 FROM approval_participants p WHERE p.approval_id = c.approval_id"
        "  AND p.user_id = c.user_id AND p.relation <> 'LATER')"
        " AND (%(after_at)s::timestamptz IS NULL OR (c.since, c.approval_id) < (%(after_at)s, %(after_id)s::uuid))"
        " ORDER BY c.since DESC, c.approval_id DESC LIMIT %(limit)s",
        {"me": user_id, "purpose": purpose, "answered": answered, "after_at": after_at, "after_id": after_id}
        | {"limit": limit},
    )


async def customer_facts(reader: Reader, customer_id: UUID) -> Row | None:
    """What an approver needs to know of a customer; the age in completed years on today's date in Japan."""
    return await reader.one(
        'SELECT id, name, kind, relationship, state, risk_tolerance AS "riskTolerance", assets_band AS "assetsBand",'
        ' income_band AS "incomeBand", objectives, experience, horizon, fund_source AS "fundSource",'
        ' investor_class AS "investorClass",'
        " date_part('year', age((%(now)s::timestamptz AT TIME ZONE %(zone)s)::date, birth_date))::int AS age,"
        ' coalesce(profile_complete, false) AS "profileComplete", profile_reviewed_at AS "profileReviewedAt"'
        " FROM customer_copies WHERE id = %(id)s",
        {"id": customer_id, "now": clock.now(), "zone": zone.USER_TIME_ZONE.key},
    )
