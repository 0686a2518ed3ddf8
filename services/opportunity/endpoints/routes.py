"""HTTP of approval routes: everybody with a part in approvals reads them, administrators keep them."""

from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.kit.http.paging import page
from services.kit.http.problems import preferred_locale
from services.kit.running import clock
from services.opportunity.endpoints.dependencies import ApprovalReader, ReferencesDep, RouteEditor, RouteOverseer
from services.opportunity.repository import routes as route_rows
from services.opportunity.schemas.fields import PageQuery, VersionNumber
from services.opportunity.schemas.route_trials import (
    NamingPage,
    NamingQuery,
    RouteAlarms,
    Simulation,
    SimulationInput,
    Trial,
    TrialInput,
)
from services.opportunity.schemas.routes import (
    RouteInput,
    RouteOutput,
    RoutePage,
    RouteVersionOutput,
    RouteVersionPage,
)
from services.opportunity.service import route_naming, route_simulation, route_trials, routes

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


@router.post("/approval-routes/try", response_model=Trial)
async def try_approval_routes(
    _principal: RouteEditor, uow: Uow, references: ReferencesDep, body: TrialInput
) -> Response:
    """Who would get such a request, and why. Nothing is kept."""
    return json_response(await route_trials.try_out(uow, body, references))


@router.post("/approval-routes/simulate", response_model=Simulation)
async def simulate_approval_routes(
    _principal: RouteEditor, uow: Uow, references: ReferencesDep, body: SimulationInput
) -> Response:
    """Which requests of the last days the drafted version would have sent elsewhere. Nothing is kept."""
    return json_response(await route_simulation.simulate(uow, body, references))


@router.get("/approval-routes/naming", response_model=NamingPage)
async def list_routes_naming_a_user(
    _principal: RouteOverseer, reader: Reads, kit: KitDep, query: Annotated[NamingQuery, Query()]
) -> Response:
    """The versions that count or are planned and name a user, with the places that they give them."""
    key = kit.cursors.decode("approval-routes-naming", query.cursor, [UUID, int])
    after = None if key is None else (key[0], key[1])
    rows = await route_naming.naming(reader, query.user_id, after=after, limit=query.limit + 1)
    return json_response(
        page(rows, query.limit, lambda row: kit.cursors.encode("approval-routes-naming", _place_of(row)))
    )


@router.get("/approval-routes/alarms", response_model=RouteAlarms)
async def list_alarms_of_approval_routes(_principal: RouteOverseer, request: Request, reader: Reads) -> Response:
    """Every stage, of versions that count or are planned, that names people who can't decide or has too few."""
    locale = preferred_locale(request.headers.get("accept-language"))
    return json_response({"items": await route_naming.alarms(reader, locale, clock.now())})


def _place_of(row: Mapping[str, Any]) -> list[Any]:
    return [row["routeId"], row["version"]]


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
