"""What waits for somebody: their own turn, others' whose place they take, and what is stuck below them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from psycopg.types.json import Jsonb

from services.contracts.states import ApprovalState
from services.kit.db.database import Reader, Row
from services.opportunity.repository.inbox import ASLEEP, asleep_params
from services.opportunity.repository.lists import COLUMNS, JOINS, OPEN, narrowed

_SNOOZED_UNTIL = (
    "CASE WHEN %(snoozed)s THEN (SELECT z.until FROM inbox_snoozes z WHERE z.user_id = %(me)s"
    ' AND z.approval_id = a.id) END AS "snoozedUntil"'
)
_IN_PLACE_OF = (
    "approval_waiting w JOIN unnest(%(acts_as)s::uuid[], %(acts_since)s::timestamptz[]) AS place (id, since)"
    " ON w.approver_id = place.id AND w.since >= place.since"
)


_ORDERS = {
    "since": [("w.since", "timestamptz")],
    "deadline_at": [("w.deadline_at", "timestamptz")],
    "amount": [
        # Amounts compare within a currency only: yen first, then the others as their codes go.
        ("CASE WHEN a.currency = 'JPY' THEN '' ELSE a.currency END", "text"),
        ("-coalesce(a.exact_amount, a.amount, -1)", "numeric"),
    ],
}
"""Sort keys of the inbox, each with its type; what has no amount comes after what has one."""


async def waiting_longer(
    reader: Reader, approval_ids: Sequence[UUID], since: Mapping[UUID, datetime]
) -> set[tuple[UUID, UUID]]:
    """Requests, each with an approver of ``since`` for whom it has waited since before that time."""
    rows = await reader.all(
        "SELECT w.approval_id, w.approver_id FROM approval_waiting w"
        " JOIN unnest(%s::uuid[], %s::timestamptz[]) AS place (id, since)"
        " ON w.approver_id = place.id AND w.since < place.since WHERE w.approval_id = ANY(%s)",
        [list(since), list(since.values()), list(approval_ids)],
    )
    return {(row["approval_id"], row["approver_id"]) for row in rows}


async def open_to_superiors(
    reader: Reader, approval_ids: Sequence[UUID], below: Sequence[UUID], now: datetime
) -> dict[UUID, list[UUID]]:
    """By request: those of ``below`` for whom it waits and whose places superiors may take now."""
    rows = await reader.all(
        "SELECT approval_id, approver_id FROM approval_waiting WHERE approval_id = ANY(%s) AND approver_id = ANY(%s)"
        " AND step_in_from <= %s",
        [list(approval_ids), list(below), now],
    )
    found: dict[UUID, list[UUID]] = {}
    for row in rows:
        found.setdefault(row["approval_id"], []).append(row["approver_id"])
    return found


async def inbox(
    reader: Reader,
    *,
    user_id: UUID,
    acts_as: Mapping[UUID, datetime],
    filters: dict[str, Any],
    snoozed: bool,
    now: datetime,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Row]:
    """What waits for the user, own votes and proxies' alike; a request that two of them wait for comes once.

    ``acts_as``: in whose place the user decides, and what must have begun to wait at which time or later for that.
    ``filters``: those of InboxQuery that are set, by their Python names.
    ``snoozed``: only what the user has set aside, otherwise only what they have not.
    ``sort``: ``since`` or ``deadline_at``, the first first, or ``amount``, the largest first within each currency. The
    sort keys come along as ``sortKey0`` and so on; ``after`` are those of a row, and its id.
    """
    named, condition, order, values = _ordered(sort, after, filters)
    return await reader.all(
        f'SELECT {COLUMNS}, w.since AS "waitingSince", {named}, {_SNOOZED_UNTIL} FROM ('  # noqa: S608
        " SELECT w.approval_id, min(w.since) AS since, min(w.deadline_at) AS deadline_at,"
        f" bool_or(w.approver_id = %(me)s) AS own FROM {_IN_PLACE_OF}"
        " GROUP BY w.approval_id) w"
        f" JOIN approvals a ON a.id = w.approval_id{JOINS}"
        f" WHERE {_decides('w.own')} AND {ASLEEP} = %(snoozed)s AND {condition} ORDER BY {order} LIMIT %(limit)s",
        values | _deciding(user_id, acts_as) | asleep_params(now) | {"snoozed": snoozed, "limit": limit},
    )


def _ordered(sort: str, after: Sequence[Any] | None, filters: dict[str, Any]) -> tuple[str, str, str, dict[str, Any]]:
    """Columns of the sort keys, condition of the filters and the page, ORDER BY, parameters; of ``approvals a`` that
    wait as ``w`` says."""
    keys = _ORDERS[sort]
    columns = ", ".join(column for column, _ in keys)
    named = ", ".join(f'{column} AS "sortKey{place}"' for place, (column, _) in enumerate(keys))
    conditions, values = narrowed(filters, among_all=False)
    if after is not None:
        places = ", ".join(f"%(after_{place})s::{kind}" for place, (_, kind) in enumerate(keys))
        conditions = [*conditions, f"({columns}, a.id) > ({places}, %(after_id)s::uuid)"]
        values = values | {f"after_{place}": after[place] for place in range(len(keys))} | {"after_id": after[-1]}
    return named, " AND ".join(conditions or ["TRUE"]), f"{columns}, a.id", values


_STUCK = (
    "approval_waiting w JOIN approvals a ON a.id = w.approval_id"
    " WHERE w.approver_id = ANY(%(below)s) AND w.step_in_from <= %(now)s"
    " AND a.requester_id <> %(me)s AND a.owner_id <> %(me)s AND %(me)s <> ALL(a.voted_by)"
    " AND NOT a.stages -> a.stage @> %(voter)s AND NOT a.stages -> a.stage @> %(joined)s"
    " AND (a.opinions @> %(asked)s) IS NOT TRUE"
    f" AND NOT EXISTS (SELECT FROM {_IN_PLACE_OF} WHERE w.approval_id = a.id)"
)
"""What waits for people below ``me`` whose places ``me`` may take now: no approver of the stage, no proxy of one."""


def _stepping_in(
    user_id: UUID, acts_as: Mapping[UUID, datetime], below: Collection[UUID], now: datetime
) -> dict[str, Any]:
    joins = {"voter": Jsonb({"approverIds": [str(user_id)]}), "joined": Jsonb({"escalatedTo": str(user_id)})}
    return _deciding(user_id, acts_as) | joins | {"below": list(below), "now": now}


async def stuck(
    reader: Reader,
    *,
    user_id: UUID,
    acts_as: Mapping[UUID, datetime],
    below: Collection[UUID],
    filters: dict[str, Any],
    now: datetime,
    sort: str,
    after: Sequence[Any] | None,
    limit: int,
) -> list[Row]:
    """What waits for people below the user whose places the user may take; each request once, as ``inbox`` has them."""
    named, condition, order, values = _ordered(sort, after, filters)
    return await reader.all(
        f'SELECT {COLUMNS}, w.since AS "waitingSince", {named} FROM ('  # noqa: S608
        f" SELECT w.approval_id, min(w.since) AS since, min(w.deadline_at) AS deadline_at FROM {_STUCK}"
        f" GROUP BY w.approval_id) w JOIN approvals a ON a.id = w.approval_id{JOINS}"
        f" WHERE {condition} ORDER BY {order} LIMIT %(limit)s",
        values | _stepping_in(user_id, acts_as, below, now) | {"limit": limit},
    )


async def count_stuck(
    reader: Reader, *, user_id: UUID, acts_as: Mapping[UUID, datetime], below: Collection[UUID], now: datetime
) -> int:
    count: int = await reader.scalar(
        f"SELECT count(DISTINCT w.approval_id) FROM {_STUCK}",  # noqa: S608
        _stepping_in(user_id, acts_as, below, now),
    )
    return count


def _decides(own: str) -> str:
    """Of what waits for the caller or somebody whose place they take: what they may decide. ``own``: SQL for whether
    it waits for them in person; in somebody else's place nobody decides where they are asked for an opinion."""
    return (
        "a.requester_id <> %(me)s AND a.owner_id <> %(me)s AND %(me)s <> ALL(a.voted_by)"
        f" AND ({own} OR (a.opinions @> %(asked)s) IS NOT TRUE)"
    )


def _deciding(user_id: UUID, acts_as: Mapping[UUID, datetime]) -> dict[str, Any]:
    return {
        "me": user_id,
        "acts_as": list(acts_as),
        "acts_since": list(acts_as.values()),
        "asked": Jsonb([{"askedId": str(user_id)}]),
    }


async def counts(reader: Reader, *, user_id: UUID, acts_as: Mapping[UUID, datetime], now: datetime) -> Row:
    """For the tabs of the inbox. Each count is an index scan over what is open only."""
    row = await reader.one(
        "SELECT mine.*, asked.*, open.* FROM (SELECT count(*) FILTER (WHERE NOT asleep) AS waiting,"  # noqa: S608
        f" count(*) FILTER (WHERE asleep) AS snoozed FROM (SELECT DISTINCT w.approval_id, {ASLEEP} AS asleep"
        f"  FROM {_IN_PLACE_OF} JOIN approvals a ON a.id = w.approval_id"
        f"  WHERE {_decides('w.approver_id = %(me)s')}) AS waits) AS mine,"
        " (SELECT count(*) AS opinions FROM approval_participants WHERE user_id = %(me)s"
        "  AND relation = 'ASKED') AS asked,"
        " (SELECT count(*) FILTER (WHERE state = ANY(%(open)s)) AS requested,"
        " count(*) FILTER (WHERE state = %(returned)s) AS returned,"
        " count(*) FILTER (WHERE state = %(draft)s) AS drafts"
        " FROM approvals WHERE owner_id = %(me)s AND state = ANY(%(mine)s)) AS open",
        _deciding(user_id, acts_as)
        | asleep_params(now)
        | {
            "open": OPEN,
            "returned": ApprovalState.RETURNED,
            "draft": ApprovalState.DRAFT,
            "mine": [*OPEN, ApprovalState.DRAFT],
        },
    )
    assert row is not None
    return row
