"""Hot reads: requests as the API shows them, straight from SQL with display names from the copies."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic.alias_generators import to_camel
from sqlalchemy import inspect

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, Row
from services.kit.running import clock, zone
from services.opportunity.models import ApprovalRow

_HIDDEN = {
    *("restored_by", "route_id", "wish", "clock_left_seconds", "reminded_at", "escalated_at"),
    *("history_length", "history_head", "event_version"),
}
"""Columns that no caller is shown."""
_SHOWN = [column.name for column in inspect(ApprovalRow).columns if column.name not in _HIDDEN]
_COLUMNS = (
    ", ".join(f'a.{name} AS "{to_camel(name)}"' for name in _SHOWN)
    + ', customer.name AS "customerName", requester.name AS "requesterName", decider.name AS "decidedByName"'
)
_JOINS = (
    " LEFT JOIN customer_copies customer ON customer.id = a.customer_id"
    " LEFT JOIN user_copies requester ON requester.id = a.requester_id"
    " LEFT JOIN user_copies decider ON decider.id = a.decided_by"
)


async def one(reader: Reader, approval_id: UUID, visible: str, params: dict[str, Any]) -> Row | None:
    return await reader.one(
        f"SELECT {_COLUMNS} FROM approvals a{_JOINS} WHERE a.id = %(id)s AND {visible}",  # noqa: S608
        params | {"id": approval_id},
    )


async def sees(reader: Reader, approval_id: UUID, visible: str, params: dict[str, Any]) -> bool:
    statement = f"SELECT 1 FROM approvals a WHERE a.id = %(id)s AND {visible}"  # noqa: S608
    return await reader.scalar(statement, params | {"id": approval_id}) is not None


async def page(
    reader: Reader,
    *,
    visible: str,
    params: dict[str, Any],
    filters: dict[str, Any],
    descending: bool,
    after: tuple[datetime, UUID] | None,
    limit: int,
) -> list[Row]:
    """By time of creation; ``filters`` are those of ApprovalFilters that are set, by their Python names."""
    conditions = [visible, *(_CONDITIONS[name] for name in filters)]
    if after is not None:
        conditions.append(f"(a.created_at, a.id) {'<' if descending else '>'} (%(after_at)s, %(after_id)s)")
        params = params | {"after_at": after[0], "after_id": after[1]}
    order = "DESC" if descending else "ASC"
    if "q" in filters:
        filters = filters | {"q": f"%{_escaped(filters['q'])}%"}
    # The page is chosen on the narrow table first; names are joined to its rows only.
    return await reader.all(
        f"SELECT {_COLUMNS} FROM (SELECT a.* FROM approvals a WHERE {' AND '.join(conditions)}"  # noqa: S608
        f" ORDER BY a.created_at {order}, a.id {order} LIMIT %(limit)s) a{_JOINS} ORDER BY a.created_at {order},"
        f" a.id {order}",
        params | filters | {"limit": limit},
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
    "q": (
        "(a.number ILIKE %(q)s OR a.title ILIKE %(q)s OR a.customer_id IN"
        " (SELECT c.id FROM customer_copies c WHERE c.name ILIKE %(q)s))"
    ),
    "from_": "a.created_at >= %(from_)s",
    "to": "a.created_at < %(to)s",
}


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")


async def inbox(
    reader: Reader, *, user_id: UUID, acts_as: list[UUID], sort: str, after: tuple[datetime, UUID] | None, limit: int
) -> list[Row]:
    """What waits for the user, own votes and proxies' alike; a request that two of them wait for comes once.

    ``sort``: ``since`` or ``deadline_at``; the sort key comes along as ``sortKey``.
    """
    after_at, after_id = after or (None, None)
    return await reader.all(
        f'SELECT {_COLUMNS}, w.since AS "waitingSince", w.key AS "sortKey" FROM ('  # noqa: S608
        f" SELECT approval_id, min(since) AS since, min({sort}) AS key FROM approval_waiting"
        " WHERE approver_id = ANY(%(acts_as)s) GROUP BY approval_id) w"
        f" JOIN approvals a ON a.id = w.approval_id{_JOINS}"
        " WHERE a.requester_id <> %(me)s AND a.owner_id <> %(me)s AND %(me)s <> ALL(a.voted_by)"
        " AND (%(after_at)s::timestamptz IS NULL OR (w.key, a.id) > (%(after_at)s, %(after_id)s::uuid))"
        " ORDER BY w.key, a.id LIMIT %(limit)s",
        {"me": user_id, "acts_as": acts_as, "after_at": after_at, "after_id": after_id, "limit": limit},
    )


async def counts(reader: Reader, *, user_id: UUID, acts_as: list[UUID]) -> Row:
    """For the tabs of the inbox. Each count is an index scan over what is open only."""
    row = await reader.one(
        "SELECT (SELECT count(DISTINCT w.approval_id) FROM approval_waiting w JOIN approvals a ON a.id = w.approval_id"
        "  WHERE w.approver_id = ANY(%(acts_as)s) AND a.requester_id <> %(me)s AND a.owner_id <> %(me)s"
        "  AND %(me)s <> ALL(a.voted_by)) AS waiting,"
        " count(*) FILTER (WHERE state = ANY(%(open)s)) AS requested,"
        " count(*) FILTER (WHERE state = %(returned)s) AS returned,"
        " count(*) FILTER (WHERE state = %(draft)s) AS drafts"
        " FROM approvals WHERE owner_id = %(me)s AND state = ANY(%(mine)s)",
        {
            "me": user_id,
            "acts_as": acts_as,
            "open": _OPEN,
            "returned": ApprovalState.RETURNED,
            "draft": ApprovalState.DRAFT,
            "mine": [*_OPEN, ApprovalState.DRAFT],
        },
    )
    assert row is not None
    return row


_OPEN = [ApprovalState.PENDING, ApprovalState.RETURNED, ApprovalState.ON_HOLD]


async def customer_facts(reader: Reader, customer_id: UUID) -> Row | None:
    """What an approver needs to know of a customer; the age in completed years on today's date in Japan."""
    return await reader.one(
        'SELECT id, name, kind, relationship, state, risk_tolerance AS "riskTolerance", assets_band AS "assetsBand",'
        " date_part('year', age((%(now)s::timestamptz AT TIME ZONE %(zone)s)::date, birth_date))::int AS age,"
        ' coalesce(profile_complete, false) AS "profileComplete", profile_reviewed_at AS "profileReviewedAt"'
        " FROM customer_copies WHERE id = %(id)s",
        {"id": customer_id, "now": clock.now(), "zone": zone.USER_TIME_ZONE.key},
    )
