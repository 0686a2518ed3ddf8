"""HTTP of templates: one's own, and those of the firm."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.kit.http import Reads, ServiceRoute, Uow, json_response
from services.opportunity.endpoints.dependencies import ApprovalRequester
from services.opportunity.schemas.templates import TemplateInput, TemplateList, TemplateOutput, TemplateRename
from services.opportunity.service import templates

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)


@router.get("/approval-templates", response_model=TemplateList)
async def list_approval_templates(principal: ApprovalRequester, reader: Reads) -> Response:
    """What the caller can begin a request with: their own templates by name, then those of the firm."""
    return json_response({"items": await templates.usable(reader, principal)})


@router.get("/approval-templates/{template_id}", response_model=TemplateOutput)
async def get_approval_template(principal: ApprovalRequester, reader: Reads, template_id: UUID) -> Response:
    return json_response(await templates.one(reader, principal, template_id))


@router.post("/approval-templates", response_model=TemplateOutput, status_code=201)
async def create_approval_template(principal: ApprovalRequester, uow: Uow, body: TemplateInput) -> Response:
    """Keep the content of a request, without its customer, approvers and files."""
    template_id = await templates.keep(uow, principal, body)
    return json_response(await templates.one(uow, principal, template_id), 201)


@router.patch("/approval-templates/{template_id}", response_model=TemplateOutput)
async def rename_approval_template(
    principal: ApprovalRequester, uow: Uow, template_id: UUID, body: TemplateRename
) -> Response:
    await templates.rename(uow, principal, template_id, body.name)
    return json_response(await templates.one(uow, principal, template_id))


@router.delete("/approval-templates/{template_id}", status_code=204)
async def delete_approval_template(principal: ApprovalRequester, uow: Uow, template_id: UUID) -> Response:
    await templates.delete(uow, principal, template_id)
    return Response(status_code=204)
