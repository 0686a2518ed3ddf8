"""What other services ask; the gateway never routes `/internal`."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.kit.http import InternalCaller, Reads, json_response
from services.sales_activity.schemas import Workload
from services.sales_activity.service import workload

router = APIRouter(prefix="/internal", include_in_schema=False)


@router.get("/users/{user_id}/workload", response_model=Workload)
async def user_workload(_caller: InternalCaller, reader: Reads, user_id: UUID) -> Response:
    """Open work that a deletion of the user would hand over."""
    return json_response(await workload.of_user(reader, user_id))


@router.get("/customers/{customer_id}/workload", response_model=Workload)
async def customer_workload(_caller: InternalCaller, reader: Reads, customer_id: UUID) -> Response:
    """What a deletion of the customer would hide."""
    return json_response(await workload.of_customer(reader, customer_id))
