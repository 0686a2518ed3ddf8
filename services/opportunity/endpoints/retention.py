"""HTTP of legal holds and of what the purge deletes: for administrators and auditors."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.opportunity.endpoints.dependencies import HoldKeeper
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.schemas.retention import HoldInput, HoldOutput, HoldPage, RetentionOutput
from services.opportunity.service import legal_holds, purging

router = APIRouter(tags=["retention"], route_class=ServiceRoute)


@router.get("/legal-holds", response_model=HoldPage)
async def list_legal_holds(_: HoldKeeper, reader: Reads, kit: KitDep, query: Annotated[PageQuery, Query()]) -> Response:
    """What is held now, the newest hold first."""
    return json_response(await legal_holds.listed(reader, kit.cursors, query))


@router.post("/approvals/{approval_id}/legal-holds", response_model=HoldOutput, status_code=201)
async def put_under_legal_hold(principal: HoldKeeper, uow: Uow, approval_id: UUID, body: HoldInput) -> Response:
    """From now on nothing is deleted of the request, whatever its age, until every hold on it is released."""
    return json_response(await legal_holds.put(uow, principal, approval_id, body.reason), 201)


@router.post("/legal-holds/{hold_id}/release", response_model=HoldOutput)
async def release_legal_hold(principal: HoldKeeper, uow: Uow, hold_id: UUID, body: HoldInput) -> Response:
    """By the office that set it: administrators or auditors. Files whose time has passed go with the next run."""
    return json_response(await legal_holds.release(uow, principal, hold_id, body.reason))


@router.get("/approval-settings/retention", response_model=RetentionOutput)
async def get_retention(_: HoldKeeper, reader: Reads) -> Response:
    """What the next run of the purge would delete if it ran now, when it does, and what the last one did."""
    return json_response(await purging.outlook(reader))
