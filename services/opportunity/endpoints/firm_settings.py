"""HTTP of the limits that the firm sets: everybody with a part in approvals reads them, administrators set them."""

from fastapi import APIRouter, Request, Response

from services.kit.http import Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.opportunity.endpoints.dependencies import ApprovalReader, RouteEditor, ShelfDep
from services.opportunity.schemas.firm_settings import FirmSettingsInput, FirmSettingsOutput
from services.opportunity.service import firm_settings

router = APIRouter(tags=["approval rules"], route_class=ServiceRoute)


@router.get("/approval-settings", response_model=FirmSettingsOutput)
async def get_approval_settings(_principal: ApprovalReader, reader: Reads, shelf: ShelfDep) -> Response:
    row = await firm_settings.shown(reader, shelf.settings)
    return json_response(row, version=row["version"])


@router.put("/approval-settings", response_model=FirmSettingsOutput)
async def replace_approval_settings(
    _principal: RouteEditor, uow: Uow, shelf: ShelfDep, request: Request, body: FirmSettingsInput
) -> Response:
    """They count at once. Files that are attached already stay until their time has passed."""
    await firm_settings.replace(uow, body, shelf.settings, version=require_if_match(request))
    row = await firm_settings.shown(uow, shelf.settings)
    return json_response(row, version=row["version"])
