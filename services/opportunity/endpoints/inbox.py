"""HTTP of what a person makes of their inbox: saved views, and requests set aside for a while."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from services.kit.http import Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.opportunity.endpoints.dependencies import ApprovalDecider, ApprovalReader
from services.opportunity.schemas.inbox import SnoozeInput, SnoozeOutput, ViewInput, ViewList, ViewOutput
from services.opportunity.service import inbox

router = APIRouter(tags=["inbox"], route_class=ServiceRoute)


@router.get("/approvals/views", response_model=ViewList)
async def list_inbox_views(principal: ApprovalReader, reader: Reads) -> Response:
    """The caller's own saved views, at most 30."""
    return json_response(await inbox.views(reader, principal))


@router.post("/approvals/views", response_model=ViewOutput, status_code=201)
async def create_inbox_view(principal: ApprovalReader, uow: Uow, body: ViewInput) -> Response:
    """Keep a filter under a name."""
    row = await inbox.create_view(uow, principal, body)
    return json_response(row, 201, version=row["version"])


@router.put("/approvals/views/{view_id}", response_model=ViewOutput)
async def replace_inbox_view(
    principal: ApprovalReader, uow: Uow, request: Request, view_id: UUID, body: ViewInput
) -> Response:
    row = await inbox.change_view(uow, principal, view_id, require_if_match(request), body)
    return json_response(row, version=row["version"])


@router.delete("/approvals/views/{view_id}", status_code=204)
async def delete_inbox_view(principal: ApprovalReader, uow: Uow, view_id: UUID) -> Response:
    await inbox.delete_view(uow, principal, view_id)
    return Response(status_code=204)


@router.put("/approvals/{approval_id}/snooze", response_model=SnoozeOutput)
async def snooze_approval(principal: ApprovalDecider, uow: Uow, approval_id: UUID, body: SnoozeInput) -> Response:
    """Set a request that waits for the caller aside. It comes back at that time, a day before its deadline, or as soon
    as anything happens to it. Its deadline runs, and others see it as before."""
    return json_response(await inbox.snooze(uow, principal, approval_id, body))


@router.delete("/approvals/{approval_id}/snooze", status_code=204)
async def wake_approval(principal: ApprovalDecider, uow: Uow, approval_id: UUID) -> Response:
    """Take it back into the inbox."""
    await inbox.wake(uow, principal, approval_id)
    return Response(status_code=204)
