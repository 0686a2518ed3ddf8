"""What other services ask; the gateway never routes `/internal`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kit.http import InternalCaller, Reads, json_response
from services.kit.models import QueryModel
from services.kit.running import clock
from services.opportunity.repository import approvals, people, routes
from services.opportunity.schemas.routes import head_of
from services.opportunity.schemas.workload import Workload
from services.opportunity.service import workload

router = APIRouter(prefix="/internal", include_in_schema=False)


class Successor(QueryModel):
    successor_id: UUID | None = None


@router.get("/users/{user_id}/workload", response_model=Workload)
async def user_workload(
    _caller: InternalCaller, reader: Reads, user_id: UUID, query: Annotated[Successor, Query()]
) -> Response:
    """Open work that a deletion of the user would hand over, and where the successor could not take it as it is."""
    return json_response(await workload.of_user(reader, user_id, query.successor_id))


@router.get("/departments/{department_id}/routes")
async def routes_of_department(_caller: InternalCaller, reader: Reads, department_id: UUID) -> Response:
    """How many routes name the department in a version that counts or is planned."""
    return json_response({"routes": await routes.count_naming(reader, head_of(department_id), clock.now())})


@router.get("/customers/{customer_id}/approvers/{user_id}")
async def is_approver(_caller: InternalCaller, reader: Reads, customer_id: UUID, user_id: UUID) -> Response:
    """Whether a request about the customer that is no draft names the user, or somebody for whom they stand in now, as
    an approver."""
    places = [user_id, *await people.proxied_by(reader, user_id, clock.now())]
    return json_response({"named": await approvals.names(reader, customer_id, places)})


@router.get("/customers/{customer_id}/workload", response_model=Workload)
async def customer_workload(_caller: InternalCaller, reader: Reads, customer_id: UUID) -> Response:
    """What a deletion of the customer would hold and cancel."""
    return json_response(await workload.of_customer(reader, customer_id))
