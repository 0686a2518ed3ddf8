"""Users: listing, creating, changing, deleting, restoring."""

import asyncio
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from starlette.requests import Request
from starlette.responses import Response

from services.auth import access
from services.auth.endpoints.dependencies import AuthDep, UserManager, UserReader, revoke_at_once
from services.auth.repository import departments, users
from services.auth.schemas import (
    Account,
    Colleague,
    DeletionPreview,
    NewUser,
    RoleList,
    Successors,
    UserChange,
    UserFilters,
    UserView,
)
from services.auth.service.deletion import Deletion, check_successors, request_deletion, request_restoration
from services.auth.service.users import change, check_password, create
from services.contracts.permissions import ROLE_PERMISSIONS, ROLE_SCOPES
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import FieldError, Forbidden, NotFound, Text, Unavailable
from services.kit.http import CurrentUser, Kit, KitDep, Reads, ServiceRoute, Uow, json_response, request_context
from services.kit.http.etags import optional_if_match, require_if_match
from services.kit.http.paging import DEFAULT_LIMIT, CursorText, Limit, Page, page
from services.kit.http.service_route import in_transaction
from services.kit.processes.router import SagaView
from services.kit.processes.waiting import process_accepted, process_answered
from services.kit.running.context import ActorContext

router = APIRouter(prefix="/auth", tags=["users"], route_class=ServiceRoute)
Context = Annotated[ActorContext, Depends(request_context)]

_SORT_TYPES: Final[dict[str, type]] = {"name": str, "createdAt": datetime}
WORK_SERVICES: Final = {
    "customers_to": "customer",
    "activities_to": "sales_activity",
    "approvals_to": "opportunity",
}
"""Who keeps the work that a leaver hands over, by the kind of successor that takes it."""
JUDGE_SUCCESSORS: Final = frozenset({"opportunity"})
"""Elsewhere whoever can take over work at all can take over any of it."""


@router.get("/roles", response_model=RoleList)
async def list_roles(_caller: CurrentUser) -> Response:
    """Roles, their permissions, and how far they see."""
    return json_response(
        {
            "items": [
                {"role": role, "permissions": sorted(permissions), "scope": ROLE_SCOPES[role]}
                for role, permissions in ROLE_PERMISSIONS.items()
            ]
        }
    )


@router.get("/users", response_model=Page[UserView | Colleague])
async def list_users(
    caller: UserReader,
    kit: KitDep,
    reader: Reads,
    filters: Annotated[UserFilters, Query()],
    limit: Limit = DEFAULT_LIMIT,
    cursor: CursorText = None,
) -> Response:
    """Users in a stable order: for administrators and auditors all accounts (deleted ones only with `state=DELETED`),
    for everybody else those to whom work can be given, without what concerns their account."""
    accounts = access.sees_account(caller)
    if filters.state is not None and not accounts:
        message = Text("この条件で絞り込む権限がありません", "You may not filter by this")
        raise Forbidden(errors=[FieldError("/state", "forbidden_field", message, "query")])
    sort = filters.sort.removeprefix("-")
    scope = f"users:{filters.sort}"
    rows = await users.list_views(
        reader,
        limit=limit,
        sort=sort,
        descending=filters.sort.startswith("-"),
        after=kit.cursors.decode(scope, cursor, [_SORT_TYPES[sort], UUID]),
        state=filters.state,
        role=filters.role,
        manager_id=filters.manager_id,
        department_id=filters.department_id,
        text=filters.q,
        accounts=accounts,
    )
    shown = page(rows, limit, lambda row: kit.cursors.encode(scope, [row["sortKey"], row["id"]]))
    for row in rows:
        del row["sortKey"]
    return json_response(shown)


@router.post("/users", response_model=UserView, status_code=201)
async def create_user(request: Request, body: NewUser, caller: UserManager, auth: AuthDep) -> Response:
    """A new user, who can sign in at once with the password that is set here."""
    check_password(body)
    async with auth.hashing.turn(str(caller.user_id)):
        password_hash = await auth.hashing.hash(body.password)

    async def work(uow: UnitOfWork) -> Response:
        user = await create(uow, body, password_hash)
        location = {"Location": f"/api/v1/auth/users/{user.id}"}
        return json_response(await users.view(uow, user.id), 201, version=1, headers=location)

    return await in_transaction(request, caller, work)


@router.get("/users/{user_id}", response_model=Account | Colleague)
async def get_user(user_id: UUID, caller: CurrentUser, reader: Reads) -> Response:
    """An account as administrators, auditors and its owner see it; for others a colleague's name and roles."""
    access.check_may_see(caller, user_id)
    if not access.sees_account(caller, user_id):
        colleague = await users.colleague(reader, user_id)
        if colleague is None:
            raise NotFound()
        return json_response(colleague)
    view = await users.view(reader, user_id)
    if view is None:
        raise NotFound()
    seen = {"lastSignInAt": await users.last_sign_in(reader, user_id)}
    return json_response(view | seen, version=view["version"])


@router.put("/users/{user_id}", response_model=UserView)
async def change_user(request: Request, user_id: UUID, body: UserChange, caller: CurrentUser, uow: Uow) -> Response:
    """Needs `If-Match`. Suspending ends all sessions; changed roles count from the next request on."""
    version = require_if_match(request)
    user = await change(uow, access.editor(caller), user_id, version, body)
    revoke_at_once(request)
    return json_response(await users.view(uow, user_id), version=user.version)


@router.get("/users/{user_id}/deletion-preview", response_model=DeletionPreview)
async def preview_deletion(
    user_id: UUID, successors: Annotated[Successors, Query()], _caller: UserManager, kit: KitDep
) -> Response:
    """What would have to go to a successor, per kind; and, for the successors that are named, which of it they can't
    simply take over. Refuses whom the deletion itself would refuse."""
    async with kit.db.reader() as reader:
        leaver = await users.find(reader, user_id)
        if leaver is None:
            raise NotFound()
        chosen = await check_successors(reader, leaver, successors)
        headed = await departments.headed_by(reader, user_id)
        items = [
            {"kind": "reports", "count": await users.count_reports(reader, user_id)},
            {"kind": "departments_headed", "count": len(headed), "names": headed},
        ]
    answers = await asyncio.gather(
        *(_workload(kit, service, user_id, chosen[kind]) for kind, service in WORK_SERVICES.items())
    )
    known = [answer for answer in answers if answer is not None]
    preview = {
        "userId": user_id,
        "items": items + [item for answer in known for item in answer["items"]],
        "conflicts": [conflict for answer in known for conflict in answer["conflicts"]],
        "complete": len(known) == len(answers),
    }
    return json_response(preview)


async def _workload(kit: Kit, service: str, user_id: UUID, successor_id: UUID | None) -> dict[str, Any] | None:
    asks = successor_id is not None and service in JUDGE_SUCCESSORS
    params = [("successorId", str(successor_id))] if asks else []
    try:
        answer: dict[str, Any] | None = await kit.internal.get(service, f"/internal/users/{user_id}/workload", params)
    except Unavailable:
        return None
    return answer


@router.delete("/users/{user_id}", response_model=SagaView, status_code=202)
async def delete_user(
    request: Request,
    user_id: UUID,
    successors: Annotated[Successors, Query()],
    caller: UserManager,
    kit: KitDep,
    context: Context,
) -> Response:
    """Hand the work over, then remove the user. Asked again, it is the same process; `Prefer: wait=5` waits."""
    wanted = Deletion(caller.user_id, user_id, successors, optional_if_match(request))
    async with kit.db.transaction(context) as uow:
        process_id = await request_deletion(uow, wanted)
    await kit.revocations.poll_soon()
    return await process_answered(request, process_id)


@router.post("/users/{user_id}/restore", response_model=SagaView, status_code=202)
async def restore_user(request: Request, user_id: UUID, caller: UserManager, uow: Uow) -> Response:
    """Take a deletion back within the recycle-bin period: the user returns, and what still lies with successors."""
    process_id = await request_restoration(uow, caller.user_id, user_id)
    return await process_accepted(request, uow, process_id)
