"""HTTP of what moves a submitted request. Plain routes: no transaction is open while Temporal is awaited."""

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Response

from services.kit.http import json_response
from services.opportunity import actions
from services.opportunity.actions import CommentRule
from services.opportunity.endpoints.dependencies import CommandSenderDep, may
from services.opportunity.errors import comment_required
from services.opportunity.schemas.approvals import ApprovalOutput
from services.opportunity.schemas.decisions import (
    AddApproverInput,
    AskOpinionInput,
    BulkAnswer,
    BulkDecision,
    DecisionInput,
    DeclineOpinionInput,
    GiveOpinionInput,
    ReasonInput,
    ReassignInput,
    StepInInput,
    WithdrawOpinionInput,
)
from services.opportunity.service.command_sender import Order, Sender

router = APIRouter(tags=["approvals"])

BULK_CONCURRENCY = 8
"""Rows of one bulk decision that are under way at once."""


def _answer(shown: dict[str, Any]) -> Response:
    return json_response(shown, version=shown["version"])


@router.patch("/approvals/{approval_id}/approve", response_model=ApprovalOutput)
async def approve_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.APPROVE)],
    approval_id: UUID,
    body: DecisionInput | None = None,
) -> Response:
    """Approve the current stage, for oneself or for somebody whose proxy the caller is."""
    body = body or DecisionInput()
    return _answer(await commands.carry_out(Order(actions.APPROVE, approval_id, body.comment, body.terms), sender))


@router.patch("/approvals/{approval_id}/reject", response_model=ApprovalOutput)
async def reject_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.REJECT)],
    approval_id: UUID,
    body: DecisionInput,
) -> Response:
    """Reject the request; the comment says why."""
    return _answer(await commands.carry_out(Order(actions.REJECT, approval_id, body.comment, body.seen), sender))


@router.patch("/approvals/{approval_id}/return", response_model=ApprovalOutput)
async def return_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.RETURN)],
    approval_id: UUID,
    body: DecisionInput,
) -> Response:
    """Give the request back to its owner; the comment says what is missing."""
    return _answer(await commands.carry_out(Order(actions.RETURN, approval_id, body.comment, body.seen), sender))


@router.patch("/approvals/{approval_id}/step-in", response_model=ApprovalOutput)
async def step_in(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.APPROVE)],
    approval_id: UUID,
    body: StepInInput,
) -> Response:
    """Decide in the place of an approver of the current stage who reports to the caller, where the stage lets
    superiors do so. The history names both."""
    order = Order(actions.BY_DECISION[body.decision], approval_id, body.comment, body.terms)
    return _answer(await commands.carry_out(order, sender))


@router.patch("/approvals/{approval_id}/take-back", response_model=ApprovalOutput)
async def take_back_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.TAKE_BACK)],
    approval_id: UUID,
    body: ReasonInput | None = None,
) -> Response:
    """Take one's own approval back while nobody has acted after it; the request waits at its stage again."""
    order = Order(actions.TAKE_BACK, approval_id, (body or ReasonInput()).text)
    return _answer(await commands.carry_out(order, sender))


@router.patch("/approvals/{approval_id}/add-approver", response_model=ApprovalOutput)
async def add_approver(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.ADD_APPROVER)],
    approval_id: UUID,
    body: AddApproverInput,
) -> Response:
    """Have somebody else asked as well, in a stage of their own before or after the present one; by an approver of it
    who has not voted yet."""
    terms = {"user_id": body.user_id, "before": body.before}
    return _answer(await commands.carry_out(Order(actions.ADD_APPROVER, approval_id, body.comment, terms), sender))


@router.patch("/approvals/{approval_id}/ask-opinion", response_model=ApprovalOutput)
async def ask_opinion(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.ASK_OPINION)],
    approval_id: UUID,
    body: AskOpinionInput,
) -> Response:
    """Ask somebody who does not decide in the current stage for an opinion; by an approver of it who has not voted
    yet. They can read the request from then on."""
    terms = {"user_id": body.user_id, "blocks": body.blocks}
    return _answer(await commands.carry_out(Order(actions.ASK_OPINION, approval_id, body.question, terms), sender))


@router.patch("/approvals/{approval_id}/give-opinion", response_model=ApprovalOutput)
async def give_opinion(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.GIVE_OPINION)],
    approval_id: UUID,
    body: GiveOpinionInput,
) -> Response:
    """Answer, once, what one was asked about a request."""
    return _answer(await commands.carry_out(Order(actions.GIVE_OPINION, approval_id, body.opinion), sender))


@router.patch("/approvals/{approval_id}/decline-opinion", response_model=ApprovalOutput)
async def decline_opinion(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.DECLINE_OPINION)],
    approval_id: UUID,
    body: DeclineOpinionInput,
) -> Response:
    """Give no opinion where one was asked; the reason says why."""
    return _answer(await commands.carry_out(Order(actions.DECLINE_OPINION, approval_id, body.reason), sender))


@router.patch("/approvals/{approval_id}/withdraw-opinion", response_model=ApprovalOutput)
async def withdraw_opinion(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.WITHDRAW_OPINION)],
    approval_id: UUID,
    body: WithdrawOpinionInput,
) -> Response:
    """Await somebody's opinion no longer; by the approver who asked for it, or who has their place now."""
    order = Order(actions.WITHDRAW_OPINION, approval_id, body.reason, {"user_id": body.user_id})
    return _answer(await commands.carry_out(order, sender))


@router.patch("/approvals/{approval_id}/recall", response_model=ApprovalOutput)
async def recall_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.RECALL)],
    approval_id: UUID,
    body: ReasonInput | None = None,
) -> Response:
    """Take one's own request back, while it is pending or returned."""
    return _answer(await commands.carry_out(Order(actions.RECALL, approval_id, (body or ReasonInput()).text), sender))


@router.patch("/approvals/{approval_id}/resubmit", response_model=ApprovalOutput)
async def resubmit_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.RESUBMIT)],
    approval_id: UUID,
    body: ReasonInput | None = None,
) -> Response:
    """Send a returned request, as it is now, back to the stage that returned it."""
    return _answer(await commands.carry_out(Order(actions.RESUBMIT, approval_id, (body or ReasonInput()).text), sender))


@router.patch("/approvals/{approval_id}/reassign", response_model=ApprovalOutput)
async def reassign_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.REASSIGN)],
    approval_id: UUID,
    body: ReassignInput,
) -> Response:
    """Another approver takes over in the current and in later stages; by the approver or an administrator."""
    terms = {"from_id": body.from_id, "to_id": body.to_id}
    return _answer(await commands.carry_out(Order(actions.REASSIGN, approval_id, body.reason, terms), sender))


@router.patch("/approvals/{approval_id}/cancel", response_model=ApprovalOutput)
async def cancel_approval(
    commands: CommandSenderDep,
    sender: Annotated[Sender, may(actions.CANCEL)],
    approval_id: UUID,
    body: ReasonInput,
) -> Response:
    """End an open request; administrators only, with a reason."""
    return _answer(await commands.carry_out(Order(actions.CANCEL, approval_id, body.text), sender))


@router.post("/approvals/bulk-decide", response_model=BulkAnswer)
async def bulk_decide_approvals(
    commands: CommandSenderDep, sender: Annotated[Sender, may(actions.APPROVE)], body: BulkDecision
) -> Response:
    """One decision for several requests; each is answered for itself with its status.

    A request with flags is approved where the item names them as acknowledged; `flags_not_acknowledged` otherwise.
    """
    if actions.BY_DECISION[body.decision].comment is CommentRule.REQUIRED and body.comment is None:
        raise comment_required()
    places = asyncio.Semaphore(BULK_CONCURRENCY)

    async def answer(position: int) -> dict[str, Any]:
        async with places:
            return await commands.one_of_many(body, position, sender)

    return json_response({"results": await asyncio.gather(*map(answer, range(len(body.items))))})
