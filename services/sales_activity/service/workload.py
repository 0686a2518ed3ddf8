"""Counts for the previews of deletions."""

from typing import Any
from uuid import UUID

from services.kit.db.unit_of_work import Reader, Row
from services.sales_activity.repository import cascade, handover


async def of_user(reader: Reader, user_id: UUID) -> dict[str, Any]:
    return _workload(await handover.count_open(reader, user_id))


async def of_customer(reader: Reader, customer_id: UUID) -> dict[str, Any]:
    return _workload(await cascade.count_live(reader, customer_id))


def _workload(counts: Row) -> dict[str, Any]:
    """Whoever can take work over at all can take over any of it here, so there are no conflicts."""
    return {"items": [{"kind": kind, "count": count} for kind, count in counts.items()], "conflicts": []}
