"""Passwords and second factors."""

from uuid import UUID

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from services.auth.endpoints.dependencies import AuthDep, UserManager, revoke_at_once
from services.auth.record import User
from services.auth.repository import users
from services.auth.schemas import (
    PasswordChange,
    PasswordResetLink,
    PasswordResetUse,
    RecoveryCodes,
    TotpCode,
    TotpEnrolment,
)
from services.auth.service import password, second_factor, throttle
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import ProblemError
from services.kit.http import CurrentUser, KitDep, ServiceRoute, Uow, actor_context, json_response
from services.kit.http.problems import problem_response
from services.kit.http.service_route import in_transaction
from services.kit.trust.principal import Principal

router = APIRouter(prefix="/auth", tags=["credentials"], route_class=ServiceRoute)


async def _myself(uow: UnitOfWork, caller: Principal) -> User:
    return await users.lock(uow, caller.user_id)


@router.post("/password", status_code=204, response_class=Response)
async def change_password(
    request: Request, body: PasswordChange, caller: CurrentUser, kit: KitDep, auth: AuthDep
) -> Response:
    """Needs the present password; ends all other sessions."""

    async def work(uow: UnitOfWork) -> Response:
        refusal = await password.change(uow, prepared, session_id=caller.session_id)
        if refusal is not None:
            return problem_response(refusal)
        revoke_at_once(request)
        return Response(status_code=204)

    async with auth.hashing.turn(str(caller.user_id)):
        prepared = await password.prepare_change(kit.db, auth, caller.user_id, body.current_password, body.new_password)
        return await in_transaction(request, caller, work)


@router.post("/users/{user_id}/password-reset", response_model=PasswordResetLink, status_code=201)
async def issue_password_reset(user_id: UUID, _caller: UserManager, uow: Uow) -> Response:
    """A token for a link that the administrator hands over; counts once, for an hour."""
    token, expires_at = await password.make_reset_link(uow, await users.lock(uow, user_id))
    return json_response({"token": token, "expiresAt": expires_at}, 201)


@router.post("/password/reset", status_code=204, response_class=Response)
async def use_password_reset(request: Request, body: PasswordResetUse, kit: KitDep, auth: AuthDep) -> Response:
    """Set a new password with the token of a link; ends all sessions."""

    async def work(uow: UnitOfWork) -> Response:
        await password.use_reset_link(uow, body.token, new_hash)
        revoke_at_once(request)
        return Response(status_code=204)

    async with auth.hashing.turn(throttle.address_key(actor_context(request, None).ip)):
        new_hash = await password.prepare_reset(kit.db, auth, body.token, body.new_password)
        return await in_transaction(request, None, work)


@router.post("/totp/enrol", response_model=TotpEnrolment)
async def enrol_totp(caller: CurrentUser, uow: Uow, auth: AuthDep) -> Response:
    """A secret for an authenticator; counts once a first code has confirmed it."""
    secret, uri = await second_factor.enrol(uow, auth, await _myself(uow, caller))
    return json_response({"secret": secret, "uri": uri})


@router.post("/totp/verify", response_model=RecoveryCodes)
async def verify_totp(body: TotpCode, caller: CurrentUser, uow: Uow, auth: AuthDep) -> Response:
    """Confirm the enrolment with a first code; answers with the recovery codes."""
    return _codes(await second_factor.confirm(uow, auth, await _myself(uow, caller), body.code))


@router.post("/totp/recovery-codes", response_model=RecoveryCodes)
async def replace_recovery_codes(body: TotpCode, caller: CurrentUser, uow: Uow, auth: AuthDep) -> Response:
    """New recovery codes for a current code; the earlier ones stop counting."""
    return _codes(await second_factor.replace_recovery_codes(uow, auth, await _myself(uow, caller), body.code))


@router.post("/totp/disable", status_code=204, response_class=Response)
async def disable_totp(body: TotpCode, caller: CurrentUser, uow: Uow, auth: AuthDep) -> Response:
    """Switch the second factor off, with a current code or a recovery code."""
    refusal = await second_factor.remove(uow, auth, await _myself(uow, caller), body.code)
    return Response(status_code=204) if refusal is None else problem_response(refusal)


def _codes(outcome: list[str] | ProblemError) -> Response:
    """A refusal is an answer, not an exception: the guess that it counts is committed."""
    if isinstance(outcome, ProblemError):
        return problem_response(outcome)
    return json_response({"recoveryCodes": outcome})
