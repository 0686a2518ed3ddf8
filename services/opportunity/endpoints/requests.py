"""HTTP of requests: creating, reading, editing, submitting."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.opportunity.endpoints.dependencies import ApprovalReader, ApprovalRequester, ReferencesDep
from services.opportunity.schemas.approvals import (
    ApprovalContent,
    ApprovalFilters,
    ApprovalOutput,
    ApprovalPage,
    Counts,
    InboxQuery,
    NewApproval,
)
from services.opportunity.schemas.fields import PageQuery
from services.opportunity.schemas.kinds import DEFINITIONS, KindDefinitions
from services.opportunity.schemas.previews import Preview, RouteQuestion
from services.opportunity.service import lists, nudges, previews, requests, views

router = APIRouter(tags=["approvals"], route_class=ServiceRoute)

KINDS_MAX_AGE_SECONDS = 300


@router.get("/approvals", response_model=ApprovalPage)
async def list_approvals(
    principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[ApprovalFilters, Query()]
) -> Response:
    """Requests that the caller may see. Sorted by `-createdAt` (newest first, the default) or `createdAt`."""
    return json_response(await lists.filtered(reader, principal, kit.cursors, query))


@router.get("/approvals/pending", response_model=ApprovalPage)
async def list_pending_approvals(
    principal: ApprovalReader, reader: Reads, kit: KitDep, query: Annotated[InboxQuery, Query()]
) -> Response:
    """What waits for the caller, also as a proxy. Sorted by `since` (the longest waiting first), `deadlineAt`, or
    `-amount` (the largest first within each currency, yen before the others)."""
    return json_response(await lists.inbox(reader, principal, kit.cursors, query))


@router.get("/approvals/counts", response_model=Counts)
async def count_approvals(principal: ApprovalReader, reader: Reads) -> Response:
    """How many wait for the caller; how many of the caller's own are open, returned, drafts."""
    return json_response(await lists.counts(reader, principal))


@router.get("/approvals/kinds", response_model=KindDefinitions)
async def list_approval_kinds(_: ApprovalReader) -> Response:
    """What each kind of request asks for in `fields`: types, bounds, choices and rules. The same for everybody until
    the service is replaced by another version."""
    return json_response(DEFINITIONS, headers={"Cache-Control": f"private, max-age={KINDS_MAX_AGE_SECONDS}"})


@router.get("/approvals/requester/{user_id}", response_model=ApprovalPage)
async def list_approvals_of_requester(
    principal: ApprovalReader, reader: Reads, kit: KitDep, user_id: UUID, query: Annotated[PageQuery, Query()]
) -> Response:
    """Requests that a user raised, as far as the caller may see them; newest first."""
    return json_response(await lists.of_requester(reader, principal, kit.cursors, user_id, query))


@router.get("/approvals/approver/{user_id}", response_model=ApprovalPage)
async def list_approvals_of_approver(
    principal: ApprovalReader, reader: Reads, kit: KitDep, user_id: UUID, query: Annotated[PageQuery, Query()]
) -> Response:
    """Requests that name a user as an approver or were decided by them; newest first."""
    return json_response(await lists.of_approver(reader, principal, kit.cursors, user_id, query))


@router.get("/approvals/{approval_id}", response_model=ApprovalOutput)
async def get_approval(principal: ApprovalReader, reader: Reads, approval_id: UUID) -> Response:
    return _answer(await views.detail(reader, principal, approval_id))


@router.post("/approvals", response_model=ApprovalOutput, status_code=201)
async def create_approval(
    principal: ApprovalRequester, uow: Uow, references: ReferencesDep, body: NewApproval
) -> Response:
    """Submit a request, or keep it as a draft. Without approvers the policy chooses the route."""
    approval_id = await requests.create(uow, principal, body, references)
    shown = await views.detail(uow, principal, approval_id)
    return _answer(shown, 201, {"Location": f"/api/v1/approvals/{approval_id}"})


@router.post("/approvals/preview", response_model=Preview)
async def preview_approval(
    principal: ApprovalRequester, uow: Uow, references: ReferencesDep, body: RouteQuestion
) -> Response:
    """The route that such a request would take, absences and proxies included. Nothing is kept."""
    return json_response(await previews.preview(uow, principal, body, references))


@router.put("/approvals/{approval_id}", response_model=ApprovalOutput)
async def replace_approval(
    principal: ApprovalRequester,
    uow: Uow,
    references: ReferencesDep,
    request: Request,
    approval_id: UUID,
    body: ApprovalContent,
) -> Response:
    """New content of an own draft or returned request."""
    await views.require_visible(uow, principal, approval_id)
    await requests.edit(uow, principal, approval_id, body, require_if_match(request), references)
    return _answer(await views.detail(uow, principal, approval_id))


@router.patch("/approvals/{approval_id}/submit", response_model=ApprovalOutput)
async def submit_approval(
    principal: ApprovalRequester, uow: Uow, references: ReferencesDep, approval_id: UUID
) -> Response:
    """A draft goes to its first approvers."""
    await views.require_visible(uow, principal, approval_id)
    await requests.submit(uow, principal, approval_id, references)
    return _answer(await views.detail(uow, principal, approval_id))


@router.patch("/approvals/{approval_id}/nudge", response_model=ApprovalOutput)
async def nudge_approval(principal: ApprovalRequester, uow: Uow, approval_id: UUID) -> Response:
    """Ask those whom an own request waits for to look at it: they get a notice. Once a day."""
    await views.require_visible(uow, principal, approval_id)
    await nudges.nudge(uow, principal, approval_id)
    return _answer(await views.detail(uow, principal, approval_id))


def _answer(shown: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return json_response(shown, status, version=shown["version"], headers=headers)
