"""HTTP of meetings."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import optional_if_match, require_if_match
from services.kit.http.paging import Page
from services.sales_activity.endpoints.dependencies import ActivityReader, ActivityWriter, DirectoryDep
from services.sales_activity.schemas import (
    MeetingCreate,
    MeetingListQuery,
    MeetingsOfCustomerQuery,
    MeetingUpdate,
    MeetingView,
)
from services.sales_activity.service import lists, meetings

router = APIRouter(tags=["meetings"], route_class=ServiceRoute)


@router.get("/meetings", response_model=Page[MeetingView])
async def list_meetings(
    principal: ActivityReader, reader: Reads, kit: KitDep, query: Annotated[MeetingListQuery, Query()]
) -> Response:
    """Meetings that the caller may see: their own, those they attend, those with customers assigned to them, and those
    with customers of requests that name them as an approver."""
    return json_response(await lists.meeting_list(reader, principal, kit.cursors, query))


@router.get("/meetings/customer/{customer_id}", response_model=Page[MeetingView])
async def list_meetings_of_customer(
    principal: ActivityReader,
    reader: Reads,
    kit: KitDep,
    customer_id: UUID,
    query: Annotated[MeetingsOfCustomerQuery, Query()],
) -> Response:
    """Newest first."""
    return json_response(await lists.meetings_of_customer(reader, principal, kit.cursors, customer_id, query))


@router.get("/meetings/{meeting_id}", response_model=MeetingView)
async def get_meeting(principal: ActivityReader, reader: Reads, meeting_id: UUID) -> Response:
    row = await lists.meeting(reader, principal, meeting_id)
    return json_response(row, version=row["version"])


@router.post("/meetings", response_model=MeetingView, status_code=201)
async def create_meeting(principal: ActivityWriter, uow: Uow, directory: DirectoryDep, body: MeetingCreate) -> Response:
    row = await meetings.create(uow, principal, directory, body)
    headers = {"Location": f"/api/v1/meetings/{row['id']}"}
    return json_response(row, 201, version=row["version"], headers=headers)


@router.put("/meetings/{meeting_id}", response_model=MeetingView)
async def replace_meeting(
    principal: ActivityWriter,
    uow: Uow,
    directory: DirectoryDep,
    request: Request,
    meeting_id: UUID,
    body: MeetingUpdate,
) -> Response:
    row = await meetings.update(uow, principal, directory, meeting_id, require_if_match(request), body)
    return json_response(row, version=row["version"])


@router.delete("/meetings/{meeting_id}", status_code=204)
async def delete_meeting(
    principal: ActivityWriter, uow: Uow, directory: DirectoryDep, request: Request, meeting_id: UUID
) -> Response:
    await meetings.delete(uow, principal, directory, meeting_id, optional_if_match(request))
    return Response(status_code=204)
