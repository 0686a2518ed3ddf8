"""HTTP of approval routes (administrators) and proxies (everybody's own, administrators all)."""

from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, Uow, WriteRoute, json_response
from services.kit.http.etags import require_if_match
from services.kit.http.paging import page
from services.opportunity import access
from services.opportunity.answers import ProxyOutput, ProxyPage, RouteOutput, RoutePage
from services.opportunity.endpoints.dependencies import Administering, Reading, ReferencesDep
from services.opportunity.repository import proxies, routes
from services.opportunity.schemas import PageQuery, ProxyInput, RouteInput
from services.opportunity.service import rules

reads = APIRouter(tags=["approval rules"])
writes = APIRouter(tags=["approval rules"], route_class=WriteRoute)


@reads.get("/approval-routes", response_model=RoutePage)
async def list_approval_routes(
    _principal: Reading, reader: Reads, kit: KitDep, query: Annotated[PageQuery, Query()]
) -> Response:
    """By priority: the first active one that fits a request is taken."""
    key = kit.cursors.decode("approval-routes", query.cursor, [int, UUID])
    rows = await routes.page(reader, after=None if key is None else (key[0], key[1]), limit=query.limit + 1)
    return json_response(
        page(rows, query.limit, lambda row: kit.cursors.encode("approval-routes", [row["priority"], row["id"]]))
    )


@reads.get("/approval-routes/{route_id}", response_model=RouteOutput)
async def get_approval_route(_principal: Reading, reader: Reads, route_id: UUID) -> Response:
    row = await rules.route(reader, route_id)
    return json_response(row, version=row["version"])


@writes.post("/approval-routes", response_model=RouteOutput, status_code=201)
async def create_approval_route(
    _principal: Administering, uow: Uow, references: ReferencesDep, body: RouteInput
) -> Response:
    row = await rules.save_route(uow, body, references)
    headers = {"Location": f"/api/v1/approval-routes/{row['id']}"}
    return json_response(row, 201, version=row["version"], headers=headers)


@writes.put("/approval-routes/{route_id}", response_model=RouteOutput)
async def replace_approval_route(
    _principal: Administering, uow: Uow, references: ReferencesDep, request: Request, route_id: UUID, body: RouteInput
) -> Response:
    """Requests under way keep the stages that they were submitted with."""
    row = await rules.save_route(uow, body, references, route_id=route_id, version=require_if_match(request))
    return json_response(row, version=row["version"])


@reads.get("/proxies", response_model=ProxyPage)
async def list_proxies(
    principal: Reading, reader: Reads, kit: KitDep, query: Annotated[PageQuery, Query()]
) -> Response:
    """Proxies that the caller gave or holds; administrators and auditors see all. The latest period first."""
    key = kit.cursors.decode("proxies", query.cursor, [datetime, UUID])
    rows = await proxies.page(
        reader,
        of_user=None if access.sees_all_proxies(principal) else principal.user_id,
        after=None if key is None else (key[0], key[1]),
        limit=query.limit + 1,
    )
    return json_response(
        page(rows, query.limit, lambda row: kit.cursors.encode("proxies", [row["startsAt"], row["id"]]))
    )


@writes.post("/proxies", response_model=ProxyOutput, status_code=201)
async def create_proxy(principal: Reading, uow: Uow, references: ReferencesDep, body: ProxyInput) -> Response:
    """Name who decides in one's place for a period."""
    row = await rules.create_proxy(uow, principal, body, references)
    return json_response(row, 201, version=row["version"])


@writes.delete("/proxies/{proxy_id}", status_code=204)
async def delete_proxy(principal: Reading, uow: Uow, proxy_id: UUID) -> Response:
    await rules.end_proxy(uow, principal, proxy_id)
    return Response(status_code=204)
