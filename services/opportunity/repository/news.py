"""What changed in which requests, as the outbox tells it, and whom that may concern."""

from collections.abc import Collection
from typing import Any, Final
from uuid import UUID

from services.contracts.topics import APPROVAL_EVENTS
from services.kit.db.database import Reader, Row

_SINCE: Final = (
    "SELECT o.seq, o.event_type, o.aggregate_id,"
    " o.data ->> 'fromId' AS from_id, o.data ->> 'toId' AS to_id, o.data ->> 'previousToId' AS previous_to_id,"
    " o.data ->> 'consultedId' AS consulted_id,"
    " coalesce(before.data -> 'opinionFrom', '[]') AS asked,"
    " jsonb_path_query_array(coalesce(before.data, '{}'), '$.stages[*].approverIds[*]') AS approvers"
    " FROM outbox o LEFT JOIN LATERAL (SELECT b.data FROM outbox b WHERE b.aggregate_id = o.aggregate_id"
    "  AND b.aggregate_version < o.aggregate_version ORDER BY b.aggregate_version DESC LIMIT 1) AS before ON true"
    " WHERE o.seq > %(floor)s AND o.topic = %(topic)s AND o.seq <> ALL(%(told)s) ORDER BY o.seq"
)
"""``approvers`` and ``asked``: whom the request named in the version before."""


async def last_seq(reader: Reader) -> int:
    last: int = await reader.scalar("SELECT coalesce(max(seq), 0) FROM outbox")
    return last


async def since(reader: Reader, floor: int, told: Collection[int]) -> list[Row]:
    """Events about requests and proxies whose row stands above ``floor``, without those that were told."""
    return await reader.all(_SINCE, {"floor": floor, "told": list(told), "topic": APPROVAL_EVENTS})


async def participants(reader: Reader, approval_ids: Collection[UUID]) -> dict[UUID, set[UUID]]:
    """Who has a part in each of the requests, whatever it is."""
    rows = await reader.all(
        "SELECT approval_id, user_id FROM approval_participants WHERE approval_id = ANY(%s)", [list(approval_ids)]
    )
    found: dict[UUID, set[UUID]] = {}
    for row in rows:
        found.setdefault(row["approval_id"], set()).add(row["user_id"])
    return found


async def visible(reader: Reader, approval_ids: Collection[UUID], seen: str, params: dict[str, Any]) -> set[UUID]:
    """Those of the requests that a caller sees; ``seen`` and its ``params`` as of one request."""
    if not approval_ids:
        return set()
    rows = await reader.all(
        f"SELECT a.id FROM approvals a WHERE a.id = ANY(%(ids)s) AND {seen}",  # noqa: S608
        params | {"ids": list(approval_ids)},
    )
    return {row["id"] for row in rows}
