"""HTTP of what moves a submitted request. Plain routes: no transaction is open while Temporal is awaited."""

import asyncio
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.contracts.processes import Decision
from services.kit.http import json_response
from services.opportunity.endpoints.dependencies import DeskDep, SenderDep
from services.opportunity.errors import comment_required
from services.opportunity.schemas.approvals import ApprovalOutput
from services.opportunity.schemas.decisions import BulkAnswer, BulkDecision, DecisionInput, ReasonInput, ReassignInput
from services.opportunity.service import desk as desks

router = APIRouter(tags=["approvals"])

BULK_CONCURRENCY = 8
"""Rows of one bulk decision that are under way at once."""


def _answer(shown: dict[str, Any]) -> Response:
    return json_response(shown, version=shown["version"])


@router.patch("/approvals/{approval_id}/approve", response_model=ApprovalOutput)
async def approve_approval(
    desk: DeskDep, sender: SenderDep, approval_id: UUID, body: DecisionInput | None = None
) -> Response:
    """Approve the current stage, for oneself or for somebody whose proxy the caller is."""
    return _answer(await desk.carry_out(desks.decision(approval_id, Decision.APPROVE, body or DecisionInput()), sender))


@router.patch("/approvals/{approval_id}/reject", response_model=ApprovalOutput)
async def reject_approval(desk: DeskDep, sender: SenderDep, approval_id: UUID, body: DecisionInput) -> Response:
    """Reject the request; the comment says why."""
    return _answer(await desk.carry_out(desks.decision(approval_id, Decision.REJECT, body), sender))


@router.patch("/approvals/{approval_id}/return", response_model=ApprovalOutput)
async def return_approval(desk: DeskDep, sender: SenderDep, approval_id: UUID, body: DecisionInput) -> Response:
    """Give the request back to its owner; the comment says what is missing."""
    return _answer(await desk.carry_out(desks.decision(approval_id, Decision.RETURN, body), sender))


@router.patch("/approvals/{approval_id}/recall", response_model=ApprovalOutput)
async def recall_approval(
    desk: DeskDep, sender: SenderDep, approval_id: UUID, body: ReasonInput | None = None
) -> Response:
    """Take one's own request back, while it is pending or returned."""
    return _answer(await desk.carry_out(desks.recall(approval_id, None if body is None else body.text), sender))


@router.patch("/approvals/{approval_id}/resubmit", response_model=ApprovalOutput)
async def resubmit_approval(
    desk: DeskDep, sender: SenderDep, approval_id: UUID, body: ReasonInput | None = None
) -> Response:
    """Send a returned request, as it is now, back to the stage that returned it."""
    return _answer(await desk.carry_out(desks.resubmit(approval_id, None if body is None else body.text), sender))


@router.patch("/approvals/{approval_id}/reassign", response_model=ApprovalOutput)
async def reassign_approval(desk: DeskDep, sender: SenderDep, approval_id: UUID, body: ReassignInput) -> Response:
    """Another approver takes over in the current and in later stages; by the approver or an administrator."""
    return _answer(await desk.carry_out(desks.reassign(approval_id, body), sender))


@router.patch("/approvals/{approval_id}/cancel", response_model=ApprovalOutput)
async def cancel_approval(desk: DeskDep, sender: SenderDep, approval_id: UUID, body: ReasonInput) -> Response:
    """End an open request; administrators only, with a reason."""
    return _answer(await desk.carry_out(desks.cancel(approval_id, body.text), sender))


@router.post("/approvals/bulk-decide", response_model=BulkAnswer)
async def bulk_decide_approvals(desk: DeskDep, sender: SenderDep, body: BulkDecision) -> Response:
    """One decision for several requests; each is answered for itself with its status."""
    if body.decision is not Decision.APPROVE and body.comment is None:
        raise comment_required()
    places = asyncio.Semaphore(BULK_CONCURRENCY)

    async def answer(position: int) -> dict[str, Any]:
        async with places:
            return await desk.one_of_many(body, position, sender)

    return json_response({"results": await asyncio.gather(*map(answer, range(len(body.items))))})
