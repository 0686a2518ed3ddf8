"""HTTP of a request's history and comments."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.opportunity.endpoints.dependencies import ApprovalCommenter, ApprovalReader
from services.opportunity.schemas.comments import CommentInput, CommentOutput, CommentPage, HistoryPage
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.service import comments

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)


@router.get("/approvals/{approval_id}/history", response_model=HistoryPage)
async def list_approval_history(principal: ApprovalReader, reader: Reads, approval_id: UUID) -> Response:
    """Who did what, oldest first; each entry's hash covers the one before."""
    return json_response(await comments.of(reader, principal, approval_id))


@router.get("/approvals/{approval_id}/comments", response_model=CommentPage)
async def list_approval_comments(
    principal: ApprovalReader, reader: Reads, kit: KitDep, approval_id: UUID, query: Annotated[PageQuery, Query()]
) -> Response:
    """What was said with decisions and beside them, oldest first."""
    return json_response(await comments.comments(reader, principal, kit.cursors, approval_id, query))


@router.post("/approvals/{approval_id}/comments", response_model=CommentOutput, status_code=201)
async def create_approval_comment(
    principal: ApprovalCommenter, uow: Uow, approval_id: UUID, body: CommentInput
) -> Response:
    """A comment that decides nothing."""
    return json_response(await comments.comment(uow, principal, approval_id, body.body), 201)
