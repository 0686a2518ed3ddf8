"""HTTP of bulk decisions: one decision on many requests, which is accepted now and carried out by a process."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, actor_context, json_response
from services.opportunity.endpoints.dependencies import ApprovalDecider, ApprovalReader, ReferencesDep
from services.opportunity.schemas.bulk import (
    BulkDecisionOutput,
    BulkDecisionPage,
    BulkItemPage,
    BulkItemQuery,
    BulkRetryInput,
    NewBulkDecision,
)
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.service import bulk_decisions

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)


@router.post("/approvals/bulk-decisions", response_model=BulkDecisionOutput, status_code=202)
async def create_bulk_decision(
    principal: ApprovalDecider, uow: Uow, references: ReferencesDep, body: NewBulkDecision
) -> Response:
    """One decision on up to 500 requests. Each is decided for itself, with the caller's rights of that moment; a
    request with flags is approved where its item names them as acknowledged. At most three run at once for a caller."""
    batch_id = await bulk_decisions.create(uow, principal, body, references)
    shown = await bulk_decisions.show(uow, principal, batch_id)
    return json_response(shown, 202, headers={"Location": f"/api/v1/approvals/bulk-decisions/{batch_id}"})


@router.get("/approvals/bulk-decisions", response_model=BulkDecisionPage)
async def list_bulk_decisions(
    principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[PageQuery, Query()]
) -> Response:
    """The caller's own of the last month; for auditors everybody's. The newest first."""
    return json_response(await bulk_decisions.page(reader, principal, kit.cursors, query))


@router.get("/approvals/bulk-decisions/{batch_id}", response_model=BulkDecisionOutput)
async def get_bulk_decision(principal: ApprovalReader, reader: Reads, batch_id: UUID) -> Response:
    """How far it is. Only who asked for it and auditors see it."""
    return json_response(await bulk_decisions.show(reader, principal, batch_id))


@router.get("/approvals/bulk-decisions/{batch_id}/items", response_model=BulkItemPage)
async def list_bulk_decision_items(
    principal: ApprovalReader,
    request: Request,
    reader: Reads,
    kit: KitDep,
    batch_id: UUID,
    query: Annotated[BulkItemQuery, Query()],
) -> Response:
    """What became of each request, in the order in which they were named."""
    locale = actor_context(request, principal).locale
    return json_response(await bulk_decisions.items(reader, principal, kit.cursors, batch_id, query, locale=locale))


@router.post("/approvals/bulk-decisions/{batch_id}/retry", response_model=BulkDecisionOutput, status_code=202)
async def retry_bulk_decision(
    principal: ApprovalDecider, uow: Uow, batch_id: UUID, body: BulkRetryInput | None = None
) -> Response:
    """Try again what failed, and what was refused for flags that ``noted`` acknowledges; once it has finished."""
    await bulk_decisions.retry(uow, principal, batch_id, body or BulkRetryInput.model_validate({}))
    return json_response(await bulk_decisions.show(uow, principal, batch_id), 202)


@router.post("/approvals/bulk-decisions/{batch_id}/cancel", response_model=BulkDecisionOutput)
async def cancel_bulk_decision(principal: ApprovalDecider, uow: Uow, batch_id: UUID) -> Response:
    """Call off what has not had its turn. What is decided stays decided."""
    await bulk_decisions.cancel(uow, principal, batch_id)
    return json_response(await bulk_decisions.show(uow, principal, batch_id))
