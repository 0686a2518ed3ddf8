"""Signing in and out."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from services.auth import access
from services.auth.endpoints.dependencies import AuthDep, revoke_at_once
from services.auth.repository import sessions, users
from services.auth.schemas import Login, Me, Refresh, SecondStep, SessionList, Tokens
from services.auth.service.sessions import answer, end_session
from services.auth.service.sessions import refresh as refresh_session
from services.auth.service.sign_in import Credentials, sign_in, sign_in_with_code
from services.kit.errors import NotFound, Unauthorized
from services.kit.http import CurrentUser, KitDep, Reads, ServiceRoute, Uow, actor_context, json_response
from services.kit.http.problems import problem_response

router = APIRouter(prefix="/auth", tags=["sessions"], route_class=ServiceRoute)


@router.post("/login", response_model=Tokens)
async def login(request: Request, body: Login, kit: KitDep, auth: AuthDep) -> Response:
    """Sign in with e-mail address, password and, once enrolled, a code (`totp_required` says so)."""
    # Whoever signs in is nobody yet; a token that is sent along, expired perhaps, says nothing.
    context = actor_context(request, None)
    credentials = Credentials(body.email, body.password, body.totp, request.headers.get("user-agent"))
    signed_in = await sign_in(kit.db, auth, context, credentials)
    async with kit.db.reader() as reader:
        view = await users.view(reader, signed_in.user.id)
    return json_response(answer(view, signed_in.tokens))


@router.post("/login/code", response_model=Tokens)
async def login_with_code(request: Request, body: SecondStep, kit: KitDep, auth: AuthDep) -> Response:
    """The second step: the challenge of `totp_required`, and a code, instead of the password once more."""
    context = actor_context(request, None)
    agent = request.headers.get("user-agent")
    signed_in = await sign_in_with_code(kit.db, auth, context, body.challenge, body.totp, agent)
    async with kit.db.reader() as reader:
        view = await users.view(reader, signed_in.user.id)
    return json_response(answer(view, signed_in.tokens))


@router.post("/refresh", response_model=Tokens)
async def refresh(request: Request, body: Refresh, auth: AuthDep, uow: Uow) -> Response:
    """The next access and refresh token; each refresh token counts once."""
    refreshed = await refresh_session(uow, auth, body.refresh_token)
    if not isinstance(refreshed, tuple):
        revoke_at_once(request)
        return problem_response(refreshed)
    user, tokens = refreshed
    return json_response(answer(await users.view(uow, user.id), tokens))


@router.post("/logout", status_code=204, response_class=Response)
async def logout(request: Request, caller: CurrentUser, uow: Uow) -> Response:
    """End this session."""
    await end_session(uow, caller.user_id, caller.session_id, reason="logout")
    revoke_at_once(request)
    return Response(status_code=204)


@router.get("/me", response_model=Me)
async def me(caller: CurrentUser, reader: Reads) -> Response:
    """Who is signed in, with the permissions that their roles give."""
    view = await users.view(reader, caller.user_id)
    if view is None:
        raise Unauthorized()
    return json_response(view | {"permissions": sorted(caller.permissions)}, version=view["version"])


@router.get("/sessions", response_model=SessionList)
async def list_sessions(
    caller: CurrentUser,
    reader: Reads,
    user_id: Annotated[UUID | None, Query(alias="userId", description="Another user's; administrators only.")] = None,
) -> Response:
    """Where one is signed in."""
    owner = user_id or caller.user_id
    access.check_may_see_sessions(caller, owner)
    rows = await sessions.list_open(reader, owner)
    return json_response({"items": [row | {"current": row["id"] == caller.session_id} for row in rows]})


@router.delete("/sessions/{session_id}", status_code=204, response_class=Response)
async def revoke_session(
    request: Request,
    session_id: UUID,
    caller: CurrentUser,
    uow: Uow,
    user_id: Annotated[UUID | None, Query(alias="userId", description="Another user's; administrators only.")] = None,
) -> Response:
    """End one session, wherever it is."""
    owner = user_id or caller.user_id
    access.check_may_see_sessions(caller, owner)
    if not await end_session(uow, owner, session_id, reason="revoked"):
        raise NotFound()
    revoke_at_once(request)
    return Response(status_code=204)
