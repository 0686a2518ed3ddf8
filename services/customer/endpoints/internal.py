"""What other services ask; never routed from outside, and only with an internal token."""

from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.contracts.events.customer import CustomerSnapshot
from services.customer.events import snapshot
from services.customer.record import CustomerRecord
from services.customer.repository import handover, writing
from services.kit.errors import NotFound
from services.kit.http import InternalCaller, Reads, json_response

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/customers/{customer_id}")
async def get_customer_copy(customer_id: UUID, _caller: InternalCaller, reads: Reads) -> Response:
    """The fields of customer events, and the version that an event of this state carries."""
    row = await writing.find(reads, customer_id)
    if row is None:
        raise NotFound
    data = snapshot(CustomerSnapshot, CustomerRecord.from_row(row)).model_dump(mode="json", by_alias=True)
    return json_response(data | {"aggregateVersion": row["event_version"]})


@router.get("/users/{user_id}/workload")
async def get_workload(user_id: UUID, _caller: InternalCaller, reads: Reads) -> Response:
    """What a user's deletion would have to hand over."""
    customers = await handover.count(reads, user_id)
    return json_response({"items": [{"kind": "customers", "count": customers}], "conflicts": []})
