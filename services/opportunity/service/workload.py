"""Counts and conflicts for the previews of deletions."""

from typing import Any
from uuid import UUID

from services.kit.db.database import Reader
from services.kit.running import clock
from services.opportunity.repository import cascade, circulation, handover, people

MAX_CONFLICTS = 100


async def of_user(reader: Reader, user_id: UUID, successor_id: UUID | None) -> dict[str, Any]:
    routes, proxies = await handover.count_rules(reader, user_id, clock.now())
    items = {
        "approvals": await handover.count_naming(reader, user_id),
        "approval_requests": await handover.count_owned(reader, user_id),
        "approval_routes": routes,
        "approval_proxies": proxies,
        "approval_opinions": await handover.count_asked(reader, user_id),
        "approval_circulation": await circulation.count_left_behind(reader, user_id),
    }
    return {
        "items": [{"kind": kind, "count": count} for kind, count in items.items()],
        "conflicts": [] if successor_id is None else await _conflicts(reader, user_id, successor_id),
    }


async def _conflicts(reader: Reader, user_id: UUID, successor_id: UUID) -> list[dict[str, Any]]:
    """Item by item; the process finds a way for each of them, which is told here."""
    successor = await people.user(reader, successor_id)
    unable = successor is not None and not people.can_decide(successor)
    found = await handover.conflicts(reader, user_id, successor_id, MAX_CONFLICTS)
    conflicts = [
        {
            "kind": "approvals",
            "resourceId": row["id"],
            "number": row["number"],
            "reason": "own_request" if row["own"] else "already_approver",
            "resolution": "other_approver" if row["own"] else "place_dropped",
        }
        for row in found
    ]
    if unable:
        named = await handover.naming(reader, user_id, MAX_CONFLICTS - len(conflicts))
        conflicts += [
            {
                "kind": "approvals",
                "resourceId": row["id"],
                "number": row["number"],
                "reason": "not_an_approver",
                "resolution": "other_approver",
            }
            for row in await cascade.briefly(reader, named)
        ]
    return conflicts


async def of_customer(reader: Reader, customer_id: UUID) -> dict[str, Any]:
    counts = await cascade.open_by_state(reader, customer_id)
    items = [{"kind": kind, "count": count} for kind, count in counts.items()]
    return {"items": items, "conflicts": []}
