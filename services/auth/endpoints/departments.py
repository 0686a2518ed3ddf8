"""Departments: the tree, and changes of it."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.auth.department_schemas import DepartmentInput, DepartmentTree, DepartmentView
from services.auth.endpoints.dependencies import UserManager, UserReader
from services.auth.repository import departments
from services.auth.service.departments import change, create, delete
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import NotFound, Unavailable
from services.kit.http import KitDep, Reads, ServiceRoute, Uow, json_response
from services.kit.http.etags import require_if_match
from services.kit.http.service_route import in_transaction

router = APIRouter(prefix="/departments", tags=["departments"], route_class=ServiceRoute)


@router.get("", response_model=DepartmentTree)
async def list_departments(_caller: UserReader, reader: Reads) -> Response:
    """The whole tree: each department right before those below it."""
    return json_response({"items": await departments.tree(reader)})


@router.post("", response_model=DepartmentView, status_code=201)
async def create_department(body: DepartmentInput, _caller: UserManager, uow: Uow) -> Response:
    department = await create(uow, body)
    location = {"Location": f"/api/v1/departments/{department.id}"}
    return json_response(await departments.view(uow, department.id), 201, version=1, headers=location)


@router.get("/{department_id}", response_model=DepartmentView)
async def get_department(department_id: UUID, _caller: UserReader, reader: Reads) -> Response:
    view = await departments.view(reader, department_id)
    if view is None:
        raise NotFound()
    return json_response(view, version=view["version"])


@router.put("/{department_id}", response_model=DepartmentView)
async def change_department(
    request: Request, department_id: UUID, body: DepartmentInput, _caller: UserManager, uow: Uow
) -> Response:
    """Needs `If-Match`. The department as a whole: what is left out is empty from now on."""
    department = await change(uow, department_id, require_if_match(request), body)
    return json_response(await departments.view(uow, department_id), version=department.version)


@router.delete("/{department_id}", status_code=204, response_class=Response)
async def delete_department(request: Request, department_id: UUID, caller: UserManager, kit: KitDep) -> Response:
    """Needs `If-Match`. Refused while departments, people or approval routes hang on it, with how many of each."""
    version = require_if_match(request)
    answer = await kit.internal.get("opportunity", f"/internal/departments/{department_id}/routes")
    if answer is None:
        raise Unavailable("opportunity has no answer for departments")

    async def work(uow: UnitOfWork) -> Response:
        await delete(uow, department_id, version, routes=answer["routes"])
        return Response(status_code=204)

    return await in_transaction(request, caller, work)
