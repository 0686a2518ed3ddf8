"""HTTP of tasks."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import optional_if_match, require_if_match
from services.kit.http.paging import Page
from services.sales_activity.endpoints.dependencies import ActivityReader, ActivityWriter, DirectoryDep
from services.sales_activity.schemas import (
    OverdueQuery,
    TaskCreate,
    TaskListQuery,
    TaskStatusChange,
    TaskUpdate,
    TaskView,
)
from services.sales_activity.service import lists, tasks

router = APIRouter(tags=["tasks"], route_class=ServiceRoute)


@router.get("/tasks", response_model=Page[TaskView])
async def list_tasks(
    principal: ActivityReader, reader: Reads, kit: KitDep, query: Annotated[TaskListQuery, Query()]
) -> Response:
    """Tasks that the caller may see. Those without a due date stand behind all others in the order of due dates."""
    return json_response(await lists.task_list(reader, principal, kit.cursors, query))


@router.get("/tasks/overdue", response_model=Page[TaskView])
async def list_overdue_tasks(
    principal: ActivityReader, reader: Reads, kit: KitDep, query: Annotated[OverdueQuery, Query()]
) -> Response:
    """Open tasks whose due date has passed, the longest overdue first."""
    return json_response(await lists.overdue_tasks(reader, principal, kit.cursors, query))


@router.get("/tasks/{task_id}", response_model=TaskView)
async def get_task(principal: ActivityReader, reader: Reads, task_id: UUID) -> Response:
    row = await lists.task(reader, principal, task_id)
    return json_response(row, version=row["version"])


@router.post("/tasks", response_model=TaskView, status_code=201)
async def create_task(principal: ActivityWriter, uow: Uow, directory: DirectoryDep, body: TaskCreate) -> Response:
    row = await tasks.create(uow, principal, directory, body)
    headers = {"Location": f"/api/v1/tasks/{row['id']}"}
    return json_response(row, 201, version=row["version"], headers=headers)


@router.put("/tasks/{task_id}", response_model=TaskView)
async def replace_task(
    principal: ActivityWriter, uow: Uow, directory: DirectoryDep, request: Request, task_id: UUID, body: TaskUpdate
) -> Response:
    row = await tasks.update(uow, principal, directory, task_id, require_if_match(request), body)
    return json_response(row, version=row["version"])


@router.patch("/tasks/{task_id}/status", response_model=TaskView)
async def change_task_status(
    principal: ActivityWriter,
    uow: Uow,
    directory: DirectoryDep,
    request: Request,
    task_id: UUID,
    body: TaskStatusChange,
) -> Response:
    """Start, complete, cancel or reopen."""
    row = await tasks.change_status(uow, principal, directory, task_id, optional_if_match(request), body.status)
    return json_response(row, version=row["version"])


@router.delete("/tasks/{task_id}", status_code=204)
async def delete_task(
    principal: ActivityWriter, uow: Uow, directory: DirectoryDep, request: Request, task_id: UUID
) -> Response:
    await tasks.delete(uow, principal, directory, task_id, optional_if_match(request))
    return Response(status_code=204)
