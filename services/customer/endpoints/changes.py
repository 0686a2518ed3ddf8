"""Create, change and assign customers."""

from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from services.customer.endpoints.answers import document_response
from services.customer.references import UserDirectory
from services.customer.schemas import Assignment, CustomerCreate, CustomerUpdate, CustomerView
from services.customer.service import editing
from services.kit.http import CurrentUser, KitDep, ServiceRoute, Uow
from services.kit.http.etags import optional_if_match, require_if_match

router = APIRouter(tags=["customers"], route_class=ServiceRoute)


@router.post("/customers", response_model=CustomerView, status_code=201)
async def create_customer(body: CustomerCreate, principal: CurrentUser, uow: Uow, kit: KitDep) -> Response:
    """A new customer, assigned to the caller unless `assignedSalesId` names somebody in their reach."""
    customer_id, document = await editing.create(uow, UserDirectory(kit.db, kit.internal), principal, body)
    return document_response(document, 1, 201, f"/api/v1/customers/{customer_id}")


@router.put("/customers/{customer_id}", response_model=CustomerView)
async def update_customer(
    customer_id: UUID, body: CustomerUpdate, request: Request, principal: CurrentUser, uow: Uow, kit: KitDep
) -> Response:
    """Change a customer; needs `If-Match` with the version that was read."""
    version = require_if_match(request)
    users = UserDirectory(kit.db, kit.internal)
    row = await editing.update(uow, users, principal, customer_id, version, body)
    return document_response(row["document"], row["version"])


@router.post("/customers/{customer_id}/assign", response_model=CustomerView)
async def assign_customer(
    customer_id: UUID, body: Assignment, request: Request, principal: CurrentUser, uow: Uow, kit: KitDep
) -> Response:
    """Put another active rep or manager in charge; managers within their team."""
    version = optional_if_match(request)
    users = UserDirectory(kit.db, kit.internal)
    row = await editing.assign(uow, users, principal, customer_id, version, body.assigned_sales_id)
    return document_response(row["document"], row["version"])
