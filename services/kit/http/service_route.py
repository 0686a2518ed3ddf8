"""The one commit edge of HTTP: transaction, idempotency key, handler, stored answer, commit, and only then the reply.

A handler that raises rolls back, and its answer is not stored. A handler that *returns* a problem commits: a failed
sign-in, for instance, must be counted.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from services.kit.db.unit_of_work import UnitOfWork
from services.kit.errors import Unavailable
from services.kit.http import idempotency, replays
from services.kit.http.dependencies import actor_context, authenticate, bind_unit_of_work, current_user, unit_of_work
from services.kit.http.kit import Kit
from services.kit.running import crashpoints
from services.kit.running.outside import MAX_REPEATS, OutsideFirst
from services.kit.trust.principal import Principal

CRASH_BEFORE_COMMIT = "http.before_commit"
CRASH_AFTER_COMMIT = "http.after_commit"
_AFTER_COMMIT = "ringi.after_commit"

AfterCommit = Callable[[Response], Awaitable[Response]]
Work = Callable[[UnitOfWork], Awaitable[Response]]


def after_commit(request: Request, action: AfterCommit) -> None:
    """Run once the transaction has committed and its connection is back in the pool; may replace the answer."""
    request.scope[_AFTER_COMMIT] = action


def _asks_for(dependant: Dependant, dependency: Callable[..., Any]) -> bool:
    return dependant.call is dependency or any(_asks_for(child, dependency) for child in dependant.dependencies)


class ServiceRoute(APIRoute):
    """Route class of a resource, ``APIRouter(route_class=ServiceRoute)``: an endpoint that asks for ``Uow`` is one
    transaction. GETs take a reader of their own; who writes without ``Uow`` opens transactions where they are due."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if not _asks_for(self.dependant, unit_of_work):
            return handle
        needs_caller = _asks_for(self.dependant, current_user)

        async def handle_in_transaction(request: Request) -> Response:
            principal: Principal | None = await authenticate(request) if needs_caller else None
            # The body is read before a connection is taken: a slow sender holds none.
            if _is_json(request):
                await request.body()

            async def work(uow: UnitOfWork) -> Response:
                bind_unit_of_work(request, uow)
                return await handle(request)

            return await _commit_once(request, principal, self, work)

        return handle_in_transaction


async def in_transaction(
    request: Request, principal: Principal | None, work: Work, *, content: bytes | None = None
) -> Response:
    """The same edge for an endpoint without ``Uow``, which has something slow to do first: no connection is held
    meanwhile. A repeated key gets the stored answer here, so what comes before must do no harm when it is repeated.

    ``content`` stands for the body, where that was taken as a stream: by it a repeat is known to be one."""
    return await _commit_once(request, principal, request.scope["route"], work, content)


async def _commit_once(
    request: Request, principal: Principal | None, route: APIRoute, work: Work, content: bytes | None = None
) -> Response:
    stored = await idempotency.claim_for(request, principal, route.path, content)
    for _ in range(MAX_REPEATS):
        try:
            response, is_replay = await _transaction(request, principal, stored, work)
        except OutsideFirst as first:
            await first.work()
            continue
        if is_replay:
            required = replays.required_by(route.dependant)
            refused = await replays.refusal(request, principal, required, response)
            return response if refused is None else refused
        action: AfterCommit | None = request.scope.get(_AFTER_COMMIT)
        return response if action is None else await action(response)
    raise Unavailable("the transaction asked for something outside of it again and again")


async def _transaction(
    request: Request, principal: Principal | None, stored: idempotency.Claim | None, work: Work
) -> tuple[Response, bool]:
    """The answer, and whether it is one that was stored before."""
    kit: Kit = request.app.state.kit
    async with kit.db.transaction(actor_context(request, principal)) as uow:
        if stored is not None and (replay := await stored.replay(uow, kit.settings.answer_keys)) is not None:
            return replay, True
        response = await work(uow)
        if stored is not None and response.status_code < 400:
            await stored.store(uow, kit.settings.answer_keys, response)
        crashpoints.reach(CRASH_BEFORE_COMMIT)
    crashpoints.reach(CRASH_AFTER_COMMIT)
    return response, False


def _is_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "")
