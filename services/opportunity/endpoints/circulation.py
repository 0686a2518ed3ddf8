"""HTTP of circulation: readings 回覧, reviews after the decision 後閲, consultations before the submission 根回し."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.opportunity.endpoints.dependencies import ApprovalReader, ApprovalRequester, ReferencesDep
from services.opportunity.schemas.circulation import (
    Advice,
    CirculatedPage,
    CirculatedQuery,
    Circulation,
    Consultation,
    Reading,
    Review,
)
from services.opportunity.service import circulation
from services.opportunity.service.views import require_visible

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)


@router.get("/approvals/circulated", response_model=CirculatedPage)
async def list_circulated_approvals(
    principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[CirculatedQuery, Query()]
) -> Response:
    """What was shown to the caller to read, to review after the decision, or for their opinion; newest first."""
    return json_response(await circulation.listed(reader, principal, kit.cursors, query))


@router.get("/approvals/{approval_id}/circulation", response_model=Circulation)
async def get_approval_circulation(principal: ApprovalReader, reader: Reads, approval_id: UUID) -> Response:
    """Who reads, reviews or is consulted, and what they answered when."""
    return json_response(await circulation.of(reader, principal, approval_id))


@router.patch("/approvals/{approval_id}/read", response_model=Circulation)
async def confirm_approval_reading(principal: ApprovalReader, uow: Uow, approval_id: UUID, body: Reading) -> Response:
    """A viewer confirms to have read the request as it is. Repeated, it changes nothing."""
    await require_visible(uow, principal, approval_id)
    await circulation.confirm_reading(uow, principal, approval_id, body.revision)
    return json_response(await circulation.of(uow, principal, approval_id))


@router.patch("/approvals/{approval_id}/post-review", response_model=Circulation)
async def review_decided_approval(principal: ApprovalReader, uow: Uow, approval_id: UUID, body: Review) -> Response:
    """A review after the decision, which stands. Requester and approvers are told of a comment."""
    await require_visible(uow, principal, approval_id)
    await circulation.review(uow, principal, approval_id, body)
    return json_response(await circulation.of(uow, principal, approval_id))


@router.post("/approvals/{approval_id}/consultations", response_model=Circulation)
async def consult_on_approval(
    principal: ApprovalRequester, uow: Uow, references: ReferencesDep, approval_id: UUID, body: Consultation
) -> Response:
    """Show an own draft, or one that was returned, to people for their opinion, until it is submitted."""
    await require_visible(uow, principal, approval_id)
    await circulation.consult(uow, principal, approval_id, body, references)
    return json_response(await circulation.of(uow, principal, approval_id))


@router.delete("/approvals/{approval_id}/consultations/{user_id}", response_model=Circulation)
async def end_approval_consultation(
    principal: ApprovalRequester, uow: Uow, approval_id: UUID, user_id: UUID
) -> Response:
    """Show it to them no longer. What they said stays."""
    await require_visible(uow, principal, approval_id)
    await circulation.end_consultation(uow, principal, approval_id, user_id)
    return json_response(await circulation.of(uow, principal, approval_id))


@router.patch("/approvals/{approval_id}/advise", response_model=Circulation)
async def advise_on_approval(principal: ApprovalReader, uow: Uow, approval_id: UUID, body: Advice) -> Response:
    """What somebody who is consulted thinks of the request; becomes part of its history."""
    await require_visible(uow, principal, approval_id)
    await circulation.advise(uow, principal, approval_id, body)
    return json_response(await circulation.of(uow, principal, approval_id))
