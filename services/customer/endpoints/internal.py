"""What other services ask; never routed from outside, and only with an internal token."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from services.contracts.events.customer import CustomerSnapshot
from services.customer.events import snapshot
from services.customer.record import CustomerRecord
from services.customer.repository import handover, writing
from services.kit.db.unit_of_work import Row
from services.kit.http import InternalCaller, Reads, json_response

MAX_IDS: Final = 500
router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/customers")
async def list_customer_copies(
    _caller: InternalCaller, reads: Reads, ids: Annotated[list[UUID], Query(max_length=MAX_IDS)]
) -> Response:
    """The fields of customer events, and the version that an event of this state carries; unknown ids are left out."""
    rows = await writing.find_all(reads, ids)
    return json_response({"items": [_copy(row) for row in rows]})


def _copy(row: Row) -> dict[str, Any]:
    data = snapshot(CustomerSnapshot, CustomerRecord.from_row(row)).model_dump(mode="json", by_alias=True)
    return data | {"aggregateVersion": row["event_version"]}


@router.get("/users/{user_id}/workload")
async def get_workload(user_id: UUID, _caller: InternalCaller, reads: Reads) -> Response:
    """What a user's deletion would have to hand over."""
    customers = await handover.count(reads, user_id)
    return json_response({"items": [{"kind": "customers", "count": customers}], "conflicts": []})
