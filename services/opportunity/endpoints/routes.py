"""HTTP of approval routes: everybody with a part in approvals reads them, administrators keep them."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.kit.http.paging import page
from services.kit.running import clock
from services.opportunity.endpoints.dependencies import ApprovalReader, ReferencesDep, RouteEditor
from services.opportunity.repository import routes as route_rows
from services.opportunity.schemas.fields import PageQuery, VersionNumber
from services.opportunity.schemas.routes import (
    RouteInput,
    RouteOutput,
    RoutePage,
    RouteVersionOutput,
    RouteVersionPage,
)
from services.opportunity.service import routes

router = APIRouter(tags=["approval rules"], route_class=ServiceRoute)


@router.get("/approval-routes", response_model=RoutePage)
async def list_approval_routes(
    _principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[PageQuery, Query()]
) -> Response:
    """By priority: the first active one that fits a request is taken."""
    key = kit.cursors.decode("approval-routes", query.cursor, [int, UUID])
    after = None if key is None else (key[0], key[1])
    rows = await route_rows.page(reader, clock.now(), after=after, limit=query.limit + 1)
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
    """A route that begins now, or at `validFrom`."""
    row = await routes.create_route(uow, body, references)
    headers = {"Location": f"/api/v1/approval-routes/{row['id']}"}
    return json_response(row, 201, version=row["version"], headers=headers)


@router.put("/approval-routes/{route_id}", response_model=RouteOutput)
async def replace_approval_route(
    _principal: RouteEditor, uow: Uow, references: ReferencesDep, request: Request, route_id: UUID, body: RouteInput
) -> Response:
    """The next version, now or from `validFrom` on; the answer is the route as it is now.

    Requests under way keep the stages that they were submitted with.
    """
    row = await routes.replace_route(uow, route_id, body, references, version=require_if_match(request))
    return json_response(row, version=row["version"])


@router.get("/approval-routes/{route_id}/versions", response_model=RouteVersionPage)
async def list_versions_of_approval_route(
    _principal: ApprovalReader, reader: Reads, kit: KitDep, route_id: UUID, query: Annotated[PageQuery, Query()]
) -> Response:
    """All that were ever written, withdrawn ones too; the last one first."""
    await routes.route(reader, route_id)
    key = kit.cursors.decode("approval-route-versions", query.cursor, [int])
    before = None if key is None else key[0]
    rows = await route_rows.versions(reader, route_id, clock.now(), before=before, limit=query.limit + 1)
    return json_response(
        page(rows, query.limit, lambda row: kit.cursors.encode("approval-route-versions", [row["version"]]))
    )


@router.get("/approval-routes/{route_id}/versions/{number}", response_model=RouteVersionOutput)
async def get_version_of_approval_route(
    _principal: ApprovalReader, reader: Reads, route_id: UUID, number: VersionNumber
) -> Response:
    return json_response(await routes.version_of(reader, route_id, number), version=number)


@router.put("/approval-routes/{route_id}/versions/{number}", response_model=RouteVersionOutput)
async def replace_planned_version(
    _principal: RouteEditor,
    uow: Uow,
    references: ReferencesDep,
    request: Request,
    route_id: UUID,
    number: VersionNumber,
    body: RouteInput,
) -> Response:
    """Another version in the place of one that has not taken over yet; it gets a number of its own."""
    row = await routes.replace_planned(uow, route_id, number, body, references, version=require_if_match(request))
    headers = {"Content-Location": f"/api/v1/approval-routes/{route_id}/versions/{row['version']}"}
    return json_response(row, version=row["version"], headers=headers)


@router.delete("/approval-routes/{route_id}/versions/{number}", status_code=204)
async def withdraw_planned_version(
    _principal: RouteEditor, uow: Uow, request: Request, route_id: UUID, number: VersionNumber
) -> Response:
    """It will not take over; it stays on record."""
    await routes.withdraw_planned(uow, route_id, number, version=require_if_match(request))
    return Response(status_code=204)
