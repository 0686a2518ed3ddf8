"""HTTP of approval routes: everybody with a part in approvals reads them, administrators keep them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.kit.http.paging import page
from services.opportunity.endpoints.dependencies import ApprovalReader, ReferencesDep, RouteEditor
from services.opportunity.repository import routes as route_rows
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.schemas.routes import RouteInput, RouteOutput, RoutePage
from services.opportunity.service import routes

router = APIRouter(tags=["approval rules"], route_class=ServiceRoute)


@router.get("/approval-routes", response_model=RoutePage)
async def list_approval_routes(
    _principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[PageQuery, Query()]
) -> Response:
    """By priority: the first active one that fits a request is taken."""
    key = kit.cursors.decode("approval-routes", query.cursor, [int, UUID])
    rows = await route_rows.page(reader, after=None if key is None else (key[0], key[1]), limit=query.limit + 1)
    return json_response(
        page(rows, query.limit, lambda row: kit.cursors.encode("approval-routes", [row["priority"], row["id"]]))
    )


@router.get("/approval-routes/{route_id}", response_model=RouteOutput)
async def get_approval_route(_principal: ApprovalReader, reader: Reads, route_id: UUID) -> Response:
    row = await routes.route(reader, route_id)
    return json_response(row, version=row["version"])


@router.post("/approval-routes", response_model=RouteOutput, status_code=201)
async def create_approval_route(
    _principal: RouteEditor, uow: Uow, references: ReferencesDep, body: RouteInput
) -> Response:
    row = await routes.save_route(uow, body, references)
    headers = {"Location": f"/api/v1/approval-routes/{row['id']}"}
    return json_response(row, 201, version=row["version"], headers=headers)


@router.put("/approval-routes/{route_id}", response_model=RouteOutput)
async def replace_approval_route(
    _principal: RouteEditor, uow: Uow, references: ReferencesDep, request: Request, route_id: UUID, body: RouteInput
) -> Response:
    """Requests under way keep the stages that they were submitted with."""
    row = await routes.save_route(uow, body, references, route_id=route_id, version=require_if_match(request))
    return json_response(row, version=row["version"])
