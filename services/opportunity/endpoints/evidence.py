"""HTTP of evidence: what an approver saw."""

from uuid import UUID

from fastapi import APIRouter, Response

from services.kit.http import Reads, ServiceRoute, json_response
from services.opportunity.endpoints.dependencies import ApprovalReader
from services.opportunity.schemas.evidence import EntryOutput
from services.opportunity.service import evidence

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)


@router.get("/approvals/{approval_id}/history/{entry_id}", response_model=EntryOutput)
async def get_approval_history_entry(
    principal: ApprovalReader, reader: Reads, approval_id: UUID, entry_id: UUID
) -> Response:
    """One entry with what its actor saw of request and customer, and the same as it is now."""
    return json_response(await evidence.entry(reader, principal, approval_id, entry_id))
