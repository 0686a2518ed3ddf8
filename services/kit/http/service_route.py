"""The one commit edge of HTTP: transaction, idempotency key, handler, stored answer, commit, and only then the reply.

A handler that raises rolls back, and its answer is not stored. A handler that *returns* a problem commits: a failed
sign-in, for instance, must be counted.
"""

from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from services.kit.errors import Unavailable
from services.kit.http import idempotency, replays
from services.kit.http.dependencies import actor_context, authenticate, bind_unit_of_work, current_user
from services.kit.http.kit import Kit
from services.kit.running import crashpoints
from services.kit.running.outside import MAX_REPEATS, OutsideFirst
from services.kit.trust.principal import Principal

CRASH_BEFORE_COMMIT = "http.before_commit"
CRASH_AFTER_COMMIT = "http.after_commit"
_AFTER_COMMIT = "ringi.after_commit"
READING_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})

AfterCommit = Callable[[Response], Awaitable[Response]]


def after_commit(request: Request, action: AfterCommit) -> None:
    """Run once the transaction has committed and its connection is back in the pool; may replace the answer."""
    request.scope[_AFTER_COMMIT] = action


def _needs_caller(dependant: Dependant) -> bool:
    return dependant.call is current_user or any(_needs_caller(child) for child in dependant.dependencies)


class ServiceRoute(APIRoute):
    """Route class of a resource, ``APIRouter(route_class=ServiceRoute)``: what its methods may change is one
    transaction each, its GETs take a reader of their own."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        if self.methods and self.methods <= READING_METHODS:
            return handle
        needs_caller = _needs_caller(self.dependant)
        permissions = replays.permissions_of_route(self.dependant)

        async def handle_in_transaction(request: Request) -> Response:
            principal: Principal | None = await authenticate(request) if needs_caller else None
            # The body is read before a connection is taken: a slow sender holds none.
            if _is_json(request):
                await request.body()
            stored = await idempotency.claim_for(request, principal, self.path)
            for _ in range(MAX_REPEATS):
                try:
                    response, is_replay = await transaction(request, principal, stored)
                except OutsideFirst as first:
                    await first.work()
                    continue
                if is_replay:
                    refused = await replays.refusal(request, principal, permissions, response)
                    return response if refused is None else refused
                action: AfterCommit | None = request.scope.get(_AFTER_COMMIT)
                return response if action is None else await action(response)
            raise Unavailable("the transaction asked for something outside of it again and again")

        async def transaction(
            request: Request, principal: Principal | None, stored: idempotency.Claim | None
        ) -> tuple[Response, bool]:
            """The answer, and whether it is one that was stored before."""
            kit: Kit = request.app.state.kit
            async with kit.db.transaction(actor_context(request, principal)) as uow:
                if stored is not None and (replay := await stored.replay(uow, kit.settings.secret_key)) is not None:
                    return replay, True
                bind_unit_of_work(request, uow)
                response = await handle(request)
                if stored is not None and response.status_code < 400:
                    await stored.store(uow, kit.settings.secret_key, response)
                crashpoints.reach(CRASH_BEFORE_COMMIT)
            crashpoints.reach(CRASH_AFTER_COMMIT)
            return response, False

        return handle_in_transaction


def _is_json(request: Request) -> bool:
    return "json" in request.headers.get("content-type", "")
