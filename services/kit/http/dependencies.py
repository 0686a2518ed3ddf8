"""What endpoints ask for in their signatures. All are async: a synchronous one would cost a thread."""

from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import Depends
from fastapi.openapi.models import HTTPBearer as HTTPBearerModel
from fastapi.security.base import SecurityBase
from starlette.requests import Request

from services.kit.db.database import Reader
from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import Forbidden, ProblemError, Unauthorized
from services.kit.http.kit import Kit
from services.kit.http.problems import preferred_locale
from services.kit.running import correlation
from services.kit.running.context import ActorContext
from services.kit.trust.internal import require_internal
from services.kit.trust.principal import Principal

_PRINCIPAL = "ringi.principal"
_UNIT_OF_WORK = "ringi.uow"


def bearer_token(request: Request) -> str | None:
    """The token of ``Authorization: Bearer``; None without one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


async def authenticate(request: Request) -> Principal:
    """The verified caller, looked up once a request; raises 401 or 503."""
    known = request.scope.get(_PRINCIPAL)
    if isinstance(known, Principal):
        return known
    token = bearer_token(request)
    if token is None:
        raise Unauthorized()
    kit: Kit = request.app.state.kit
    principal = await kit.verifier.verify(token)
    request.scope[_PRINCIPAL] = principal
    correlation.amend(actor_id=str(principal.user_id))
    return principal


class BearerAuth(SecurityBase):
    """Dependency and OpenAPI security scheme in one."""

    def __init__(self) -> None:
        self.model = HTTPBearerModel(bearerFormat="JWT")
        self.scheme_name = "bearer"

    async def __call__(self, request: Request) -> Principal:
        return await authenticate(request)


current_user = BearerAuth()
CurrentUser = Annotated[Principal, Depends(current_user)]


class RequiredPermission:
    """Dependency: the caller, who must hold one of these permissions (403).

    Whether it reaches the object that is asked for is decided by the service's `access.py`.
    """

    def __init__(self, *permissions: str) -> None:
        self.permissions = permissions

    async def __call__(self, principal: CurrentUser) -> Principal:
        if not self.held_by(principal):
            raise Forbidden()
        return principal

    def held_by(self, principal: Principal) -> bool:
        return any(map(principal.has, self.permissions))


def requires(*permissions: str) -> RequiredPermission:
    """Any one of the permissions suffices."""
    assert permissions
    return RequiredPermission(*permissions)


async def _kit(request: Request) -> Kit:
    kit: Kit = request.app.state.kit
    return kit


async def _reads(request: Request) -> AsyncIterator[Reader]:
    kit: Kit = request.app.state.kit
    async with kit.db.reader() as reader:
        yield reader


async def unit_of_work(request: Request) -> UnitOfWork:
    uow: Any = request.scope.get(_UNIT_OF_WORK)
    assert isinstance(uow, UnitOfWork), "this route needs route_class=ServiceRoute"
    return uow


KitDep = Annotated[Kit, Depends(_kit)]
Reads = Annotated[Reader, Depends(_reads, scope="function")]
"""An autocommit connection; back in the pool before the answer is sent."""
Uow = Annotated[UnitOfWork, Depends(unit_of_work)]
"""The request's one transaction; ServiceRoute opened it and will commit it."""
InternalCaller = Annotated[str, Depends(require_internal)]
"""The name of the calling service, on routes below ``/internal``."""


def bind_unit_of_work(request: Request, uow: UnitOfWork) -> None:
    request.scope[_UNIT_OF_WORK] = uow


def actor_context(request: Request, principal: Principal | None) -> ActorContext:
    """Who acts and from where, for the transaction's events and audit entries."""
    present = correlation.current()
    return ActorContext(
        actor_id=principal.user_id if principal is not None else None,
        roles=principal.roles if principal is not None else frozenset(),
        session_id=principal.session_id if principal is not None else None,
        ip=present.ip if present is not None else None,
        request_id=present.request_id if present is not None else None,
        traceparent=present.traceparent if present is not None else None,
        locale=preferred_locale(request.headers.get("accept-language")),
    )


async def request_context(request: Request) -> ActorContext:
    """Dependency for routes that open their own transactions; anonymous where no token was sent."""
    try:
        return actor_context(request, await authenticate(request))
    except ProblemError:
        if bearer_token(request) is not None:
            raise
        return actor_context(request, None)
